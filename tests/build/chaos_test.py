"""Run one round of each kind of fault; `make chaos` runs more of them, at random moments.

Here a fault strikes while the run is held at a request to MLflow, or when the run reports how far
it is, so that the speed and load of the machine make no difference.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.chaos.faults import FAULTS
from tests.chaos.rounds import IN_CONTAINERS, recovered
from tests.chaos.scene import MODEL, Scene
from tests.chaos.server import Server
from tests.running import params


@dataclass(frozen=True)
class Strike:
    """The request at which a fault strikes, and parameters without a cached result.

    With this seed, a fault does what only its kind does, and does it soon.
    """

    seed: int
    held: str = ""
    given: Mapping[str, str] = field(default_factory=dict)


EVALUATES = tuple({"thresholds": f'{{"accuracy": 0.{share}}}'} for share in (6, 7))
STRIKES = {
    "kill-runner": Strike(0, "POST /api/2.0/mlflow/runs/log-batch", {"model_params": '{"C": 2}'}),
    "kill-step": Strike(0, "/artifacts/evaluation/", EVALUATES[0]),
    "stop-runner": Strike(2, "POST /api/2.0/mlflow/model-versions/create"),
    "full-disk": Strike(1, "POST /api/2.0/mlflow/model-versions/create"),
    "read-only": Strike(3, "POST /api/2.0/mlflow/registered-models/create"),
    "race": Strike(1, "POST /api/2.0/mlflow/registered-models/create"),
    "mlflow-down": Strike(1, "POST /api/2.0/mlflow/registered-models/alias"),
    "http-errors": Strike(0),
    "connections": Strike(5, given=EVALUATES[1]),
}


pytestmark = pytest.mark.slow(reason="disturbs whole runs, some of them in containers")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the runs that share a cache."""
    return tmp_path_factory.mktemp("chaos")


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        (place / "server").mkdir()
        yield Server(place / "server", stack)


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """Count the faults that struck, and print them at the end."""
    struck: Counter[str] = Counter()
    yield struck
    print(f"\nfaults that struck: {struck.total()}, {', '.join(struck)}")


def forget_versions(server: Server) -> None:
    """Delete the registered model, so that a cached model is registered again."""
    client = MlflowClient(server.address)
    with suppress(MlflowException):
        client.delete_registered_model(MODEL)


def test_every_kind_has_its_round() -> None:
    assert STRIKES.keys() == FAULTS.keys()


@pytest.mark.parametrize("kind", STRIKES)
def test_the_same_run_succeeds_after_a_fault_and_the_invariants_hold(
    kind: str, tmp_path: Path, place: Path, server: Server, tally: Counter[str]
) -> None:
    strike = STRIKES[kind]
    forget_versions(server)
    scene = Scene(
        folder=tmp_path,
        random=Random(f"{kind} {strike.seed}"),  # noqa: S311 - must be repeatable
        server=server,
        output=(tmp_path if kind == "full-disk" else place) / "runs",
        uri=server.network.address,
        given=tuple(params(**strike.given)),
        held=strike.held,
    )
    try:
        assert recovered(FAULTS[kind])(scene), "the fault came after the run had ended"
    finally:
        scene.close()
    tally[kind] += 1


@pytest.mark.docker()
@pytest.mark.parametrize("kind", IN_CONTAINERS)
def test_a_run_in_containers_succeeds_after_a_fault_and_leaves_no_container(
    kind: str, tmp_path: Path, server: Server, tally: Counter[str]
) -> None:
    random = Random(0)  # noqa: S311 - decides nothing here
    scene = Scene(tmp_path, random, server, tmp_path / "runs", held="containers")
    try:
        assert IN_CONTAINERS[kind](scene), "the fault came after the run had ended"
    finally:
        scene.close()
    tally[kind] += 1
