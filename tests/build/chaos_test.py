"""One round of each kind of fault; `make chaos` does more of them, at moments of real time.

Here a run is struck at a request to MLflow, at which it is held, or when it says how far it is, so
that it makes no difference how fast the machine is, or what else it does.
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
    """The request at which it strikes, and parameters of which nothing is kept yet.

    By its seed a fault does what only its kind does, and does it soon.
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


pytestmark = pytest.mark.slow(reason="strikes whole runs, of which some are in containers")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runs are that share what they keep."""
    return tmp_path_factory.mktemp("chaos")


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        (place / "server").mkdir()
        yield Server(place / "server", stack)


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """Which faults struck, told at the end."""
    struck: Counter[str] = Counter()
    yield struck
    print(f"\nfaults that struck: {struck.total()}, {', '.join(struck)}")


def forget_versions(server: Server) -> None:
    """So that what was trained and evaluated before is registered anew."""
    client = MlflowClient(server.address)
    with suppress(MlflowException):
        client.delete_registered_model(MODEL)


def test_every_kind_has_its_round() -> None:
    assert STRIKES.keys() == FAULTS.keys()


@pytest.mark.parametrize("kind", STRIKES)
def test_the_same_run_succeeds_after_a_fault_and_all_holds(
    kind: str, tmp_path: Path, place: Path, server: Server, tally: Counter[str]
) -> None:
    strike = STRIKES[kind]
    forget_versions(server)
    scene = Scene(
        folder=tmp_path,
        random=Random(f"{kind} {strike.seed}"),  # noqa: S311 - it is to be repeated
        server=server,
        output=(tmp_path if kind == "full-disk" else place) / "runs",
        uri=server.network.address,
        given=tuple(params(**strike.given)),
        held=strike.held,
    )
    try:
        assert recovered(FAULTS[kind])(scene), "it came when the run had ended"
    finally:
        scene.close()
    tally[kind] += 1


@pytest.mark.docker()
@pytest.mark.parametrize("kind", IN_CONTAINERS)
def test_a_run_in_containers_succeeds_after_a_fault_and_leaves_none(
    kind: str, tmp_path: Path, server: Server, tally: Counter[str]
) -> None:
    random = Random(0)  # noqa: S311 - nothing is left to it
    scene = Scene(tmp_path, random, server, tmp_path / "runs", held="containers")
    try:
        assert IN_CONTAINERS[kind](scene), "it came when the run had ended"
    finally:
        scene.close()
    tally[kind] += 1
