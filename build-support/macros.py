"""`ml_component()`, the one symbol that the BUILD file of a component uses."""

# Where the source can be read and on what terms, as images say in their labels.
SOURCE = "https://github.com/pinion-ml/pinion"
LICENSE = "Apache-2.0"


def ml_component(data=(), servers=()):
    """Everything that a component is to Pants; its name, version and needs are in pyproject.toml.

    `data` are globs of files that the package carries beside its code, `servers` the packages that
    its tests start.
    """
    package = project()["name"].removeprefix("pinion-").replace("-", "_")
    _code(package, data, servers)
    _packages(package)
    _image(package)
    # For tests that read components from outside; few of them read what a run does not.
    beside = ["*.md", "**/*_test.py", "**/conftest.py"]
    files(name="folder", sources=["**/*", *(f"!{glob}" for glob in beside)])
    files(name="beside", sources=beside)


def _code(package, data, servers):
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
    common = dict(resolve=package, dependencies=needs)
    # `./pants run components/<name>:<name>` runs the step from its sources.
    python_source(name=package, source=f"{package}/__main__.py", **common)
    tests = [f"{package}/**/*_test.py", f"{package}/**/conftest.py"]
    not_sources = [f"!{package}/__main__.py", *(f"!{glob}" for glob in tests)]
    python_sources(name="sources", sources=[f"{package}/**/*.py", *not_sources], **common)
    python_tests(
        name="tests",
        sources=tests[:1],
        runtime_package_dependencies=servers,
        # In one process, as most of the time of a file by itself is its imports.
        batch_compatibility_tag=package,
        **common,
    )
    python_test_utils(name="test_utils", sources=tests[1:], **common)


def _packages(package):
    main = f"{package}.__main__:main"
    # Two PEXes are two image layers: a changed line leaves the one with the dependencies alone.
    pex = dict(resolve=package, layout="packed", include_tools=True)
    pex_binary(name="deps", dependencies=[":requirements"], include_sources=False, **pex)
    pex_binary(name="app", entry_point=main, include_requirements=False, **pex)
    python_distribution(
        name="wheel",
        dependencies=[f":{package}", ":sources"],
        provides=python_artifact(
            name=project()["name"],
            version=project()["version"],
            description=project()["description"],
            python_requires=project()["requires-python"],
        ),
        entry_points={"console_scripts": {project()["name"]: main}},
        # Equal content gives equal bytes.
        env_vars=["SOURCE_DATE_EPOCH=315532800"],
        sdist=False,
    )


def _of(package, pairs):
    return dict(pair.split("=") for pair in pairs.split()).get(package)


def _image(package):
    # From `pipelines.publish --dev`, which does not publish under the project's own version.
    version = _of(package, env("PINION_IMAGE_VERSIONS", "")) or project()["version"]
    base = base_image(env("BASE_IMAGE", ""))
    # From the launcher too. Behind the comma is the hash of what runs alone. Pants does not see a
    # call of env() that is part of a longer expression.
    hashes = _of(package, env("PINION_CONTENTS", "")) or ","
    content, runs = hashes.split(",")
    labels = {
        "title": project()["name"],
        "description": project()["description"],
        "version": version,
        # From the launcher; there is none without git, nor for what was never committed.
        "revision": _of(package, env("PINION_REVISIONS", "")),
        "source": SOURCE,
        "licenses": LICENSE,
        "base.name": base,
    }
    docker_image(
        name="image",
        repository=project()["name"].replace("pinion-", "pinion/", 1),
        image_tags=[version],
        dependencies=[":interface"],
        extra_build_args=[f"BASE_IMAGE={base}"],
        image_labels={
            "dev.pinion.interface": interface_hash(),
            **({"dev.pinion.content": content, "dev.pinion.runs": runs} if content else {}),
            **{f"org.opencontainers.image.{key}": text for key, text in labels.items() if text},
        },
    )
    files(name="interface", sources=["Dockerfile", "component.yaml", "pyproject.toml"])
