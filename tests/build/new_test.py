"""A component made by one command passes everything that Pinion asks of a component."""

import re
from pathlib import Path

import pytest

from tests.build.tree import call, clone

pytestmark = pytest.mark.slow(reason="installs environments, and packages with Pants and Docker")

MAKE_NEW = (".venv/bin/python", "-m", "pipelines.new", "count_rows")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone with a new component."""
    folder = clone(tmp_path_factory.mktemp("new") / "clone")
    assert call(folder, "make", "setup").returncode == 0
    done = call(folder, *MAKE_NEW)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["wrote components/count_rows", "wrote pants.toml"]
    return folder


def test_its_tests_and_types_and_the_linters_pass(tree: Path) -> None:
    done = call(tree, "make", "test", "ARGS=components/count_rows build-support/component")
    assert done.returncode == 0, done.stdout
    lines = [re.sub(r" {2,}.*", "", line) for line in done.stdout.splitlines()]
    for name in ("ruff", "black", "components/count_rows", "mypy"):
        assert name in lines
    assert "0 failed" in done.stdout


def test_it_keeps_the_contract_of_components(tree: Path) -> None:
    done = call(tree, "make", "test", "ARGS=tests/contract_test.py -k 'count_rows or agree'")
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed, 0 failed", done.stdout)[-1]) > 10


def test_the_pipeline_of_the_other_components_stays_as_it_is(tree: Path) -> None:
    done = call(tree, ".venv/bin/python", "-m", "pipelines.compile", "dev")
    assert done.returncode == 0, done.stderr
    compiled = (tree / "pipeline.yaml").read_text()
    assert "image: pinion/train:" in compiled
    assert "count-rows" not in compiled


def test_pants_packages_its_image_which_runs(tree: Path) -> None:
    done = call(tree, "./pants", "package", "components/count_rows::")
    assert done.returncode == 0, done.stderr
    ran = call(tree, "docker", "run", "--rm", "localhost:5000/pinion/count-rows:0.1.0", "--help")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("usage: count_rows ")
