"""`ml_component()`, the only symbol that a component's BUILD file uses."""

# The address of the source and its licence, for the labels of images.
SOURCE = "https://github.com/pinion-ml/pinion"
LICENSE = "Apache-2.0"


def ml_component(data=(), servers=()):
    """Declare a component's targets; its name, version and dependencies are in pyproject.toml.

    `data` are globs of data files in the package, `servers` the packages of servers that its tests
    start.
    """
    package = project()["name"].removeprefix("pinion-").replace("-", "_")
    _code(package, data, servers)
    _packages(package)
    _image(package)
    # For tests that read components from outside. Only few of them need the files in `beside`.
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
        # In one process, because a test file by itself spends most of its time on imports.
        batch_compatibility_tag=package,
        **common,
    )
    python_test_utils(name="test_utils", sources=tests[1:], **common)


def _packages(package):
    main = f"{package}.__main__:main"
    # Two PEXes make two image layers: a changed line does not touch the one with dependencies.
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
        # A fixed time, so that equal content gives equal bytes.
        env_vars=["SOURCE_DATE_EPOCH=315532800"],
        sdist=False,
    )


def _of(package, pairs):
    return dict(pair.split("=") for pair in pairs.split()).get(package)


def _image(package):
    # Set by `pipelines.publish --dev`, which does not publish under the project's own version.
    version = _of(package, env("PINION_IMAGE_VERSIONS", "")) or project()["version"]
    base = base_image(env("BASE_IMAGE", ""))
    # Set by the launcher: the content hash, a comma, and the hash of what runs. env() is called in
    # an expression of its own, because Pants does not see it in a longer one.
    hashes = _of(package, env("PINION_CONTENTS", "")) or ","
    content, runs = hashes.split(",")
    labels = {
        "title": project()["name"],
        "description": project()["description"],
        "version": version,
        # Set by the launcher; empty without git, and for a component that was never committed.
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
