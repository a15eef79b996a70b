"""Any content of a file or a parameter is either accepted or refused in one line."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.compiled import conditions, driver_rules, placeholders
from pipelines.compiled.file import PipelineFile
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.parameters import resolve
from pipelines.components.component import discover
from pipelines.components.interface import Interface
from pipelines.kubeflow.platform.apply import apply
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.pinning.compiler import compile_pipeline, dev_pins
from pipelines.pinning.lock import Lock, sha256
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace
from tests.mutations import damaged

COMPILED = Path("tests/golden/training.yaml")
FILE = PipelineFile.load(COMPILED)
DECLARED = Pipeline.load(COMPILED).parameters
INTERFACE = Path("components/train/component.yaml").read_text()
PLATFORM = """
service_account: pipeline-runner
defaults: {cpu: 1, memory: 2Gi, timeout: 1h, retries: 2, secrets: {mlflow: {USER: username}}}
steps:
  preprocess: {cpu: {request: 500m, limit: 2}, cache: false, config_maps: {mlflow: {A: b}}}
  train:
    gpu: {type: nvidia.com/gpu, count: 1}
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
    volumes: [{empty_dir: shm, path: /dev/shm, medium: Memory, size: 2Gi}]
    retries: {count: 1, backoff: 1m, factor: 2}
"""
LOCK = """
release: 1.0.0
registry: localhost:5000
pipeline: 0a1b
components:
  train:
    version: 1.2.3
    image: localhost:5000/pinion/train:1.2.3@sha256:%s
    content: aa
    dependencies: bb
    code: cc
    inputs: {model: String optional}
    outputs: {metrics: Artifact}
    requirements: {numpy: 2.4.0}
""" % ("7" * 64)

thorough = settings(
    max_examples=100,
    deadline=None,
    # The same examples in every run, so that a failure is due to the change under test.
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def accepted_or_refused(read: Callable[[], object]) -> None:
    """Fail the test unless `read` succeeds or refuses with one line for the user."""
    message = "accepted"
    try:
        read()
    except PinionError as error:
        message = str(error)
    assert 0 < len(message) < 1500
    assert "Traceback" not in message


def from_file(text: str, read: Callable[[Path], object]) -> Callable[[], object]:
    """Return a call that reads the text from a temporary file."""

    def call() -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "given.yaml")
            path.write_text(text, encoding="utf-8", errors="surrogatepass")
            return read(path)

    return call


@thorough
@given(damaged(COMPILED.read_text()))
def test_a_compiled_file_to_run(text: str) -> None:
    def read(path: Path) -> None:
        file = PipelineFile.load(path)
        graph = Pipeline.of(file).graph
        placeholders.refuse_unknown(graph.texts())
        conditions.check(graph.conditions())
        driver_rules.refuse(file)

    accepted_or_refused(from_file(text, read))


def test_a_default_of_another_type_is_named(tmp_path: Path) -> None:
    changed = COMPILED.read_text().replace("defaultValue: diagnosis", "defaultValue: null")
    (tmp_path / "pipeline.yaml").write_text(changed)
    with pytest.raises(PinionError, match="the default of 'target': None is not a text"):
        Pipeline.load(tmp_path / "pipeline.yaml")


@thorough
@given(damaged(COMPILED.read_text()))
def test_a_compiled_file_to_submit(text: str) -> None:
    def read(path: Path) -> None:
        file = PipelineFile.load(path)
        driver_rules.refuse(file)
        assert file.uncached().text()

    accepted_or_refused(from_file(text, read))


@thorough
@given(damaged(PLATFORM))
def test_a_platform_file(text: str) -> None:
    accepted_or_refused(from_file(text, lambda path: apply(PlatformSettings.load(path), FILE)))


@thorough
@given(damaged(LOCK))
def test_a_lock_whose_checksum_is_right(text: str) -> None:
    content = f"{text}checksum: {sha256(text.encode())}\n".encode()
    accepted_or_refused(lambda: Lock.parse(content, "lock.yaml"))


@thorough
@given(st.binary(max_size=300))
def test_a_lock_of_random_bytes_is_refused(content: bytes) -> None:
    with pytest.raises(PinionError, match="was edited"):
        Lock.parse(content, "lock.yaml")


@settings(thorough, max_examples=40)
@given(damaged(INTERFACE))
def test_an_interface_of_a_component(text: str) -> None:
    try:
        interface = Interface.parse(text)
    except ValueError:
        return
    pins = dev_pins(discover(Workspace().components))
    changed = [
        type(pin)(pin.name, pin.version, pin.image, interface) if pin.name == "train" else pin
        for pin in pins
    ]
    accepted_or_refused(lambda: compile_pipeline("dev", changed))


@thorough
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["source", "seed", "thresholds", "slices", "register", "x", ""]),
            st.text(max_size=30)
            | st.sampled_from(["1e999", "NaN", "[", '{"a": 1', "TRUE", "9" * 400]),
        ),
        max_size=4,
    )
)
def test_parameters_as_flags(pairs: list[tuple[str, str]]) -> None:
    flags = [f"{name}={text}" for name, text in pairs]
    accepted_or_refused(lambda: resolve(DECLARED, flags, None, None))


@thorough
@given(
    damaged("source: my.csv\nseed: 7\nthresholds: {roc_auc: 0.9}\nslices: [age]\nregister: true\n")
)
def test_parameters_in_a_file(text: str) -> None:
    accepted_or_refused(from_file(text, lambda path: resolve(DECLARED, [], path, None)))
