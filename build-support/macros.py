"""The one symbol that the BUILD file of a component uses."""


def ml_component(data=()):
    """Everything that a component is to Pants; its name, version and needs are in pyproject.toml.

    `data` are globs of files that the package carries beside its code.
    """
    package = project()["name"].removeprefix("pinion-").replace("-", "_")

    python_requirements(
        name="requirements",
        source="pyproject.toml",
        resolve=package,
        module_mapping={"mlflow-skinny": ["mlflow"]},
    )
    needs = [":requirements"]
    if data:
        resources(name="data", sources=data)
        needs.append(":data")
    # `./pants run components/<name>:<name>` runs the step from its sources.
    python_source(
        name=package, source=f"{package}/__main__.py", resolve=package, dependencies=needs
    )
    python_sources(
        name="sources",
        sources=[
            f"{package}/**/*.py",
            f"!{package}/__main__.py",
            "!**/*_test.py",
            "!**/conftest.py",
        ],
        resolve=package,
        dependencies=needs,
    )
    python_test_utils(
        name="test_utils",
        sources=[f"{package}/**/conftest.py"],
        resolve=package,
        dependencies=needs,
    )
    python_tests(
        name="tests", sources=[f"{package}/**/*_test.py"], resolve=package, dependencies=needs
    )

    # Two PEXes are two image layers: a changed line leaves the one with the dependencies alone.
    pex = dict(resolve=package, layout="packed", include_tools=True)
    pex_binary(name="deps", dependencies=needs[:1], include_sources=False, **pex)
    pex_binary(
        name="app", entry_point=f"{package}.__main__:main", include_requirements=False, **pex
    )
    docker_image(
        name="image",
        repository=project()["name"].replace("pinion-", "pinion/", 1),
        image_tags=[project()["version"]],
        extra_build_args=[f"VERSION={project()['version']}"],
    )
    files(
        name="interface",
        sources=["Dockerfile", "component.yaml", "pyproject.toml"],
    )
    # All of it, for tests that read components from outside.
    files(name="folder", sources=["**/*"])
