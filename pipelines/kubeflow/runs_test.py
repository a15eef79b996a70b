import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.kfp_server_testing import LOSE, KfpServer, Request, serving
from pipelines.kubeflow.runs import Submission, start
from pipelines.system.workspace import ROOT

FILE = PipelineFile.load(ROOT / "tests" / "golden" / "training.yaml")
SUBMISSION = Submission(FILE, {"seed": 7}, "training 1.2.3 20261124-1", "nightly", "", "")


class Late(KfpServer):
    """A server that creates a run some seconds after the caller's connection broke."""

    at_work: Request | None = None
    paused = 0.0
    asked_once = False

    def lose_first(self, request: Request) -> str | None:
        """Lose the connection of the first request for a run."""
        if self.asked_once or request.method != "POST" or not request.path.endswith("/runs"):
            return None
        self.asked_once, self.at_work = True, request
        return LOSE

    def pause(self, seconds: float) -> None:
        """Let time pass; the run exists after 24 s."""
        self.paused += seconds
        if self.at_work and self.paused > 24:
            self.answer(self.at_work)
            self.at_work = None


def test_a_run_that_appears_after_its_connection_broke_is_the_only_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = Late()
    late.fault = late.lose_first
    with serving(late) as server:
        run = start(Api(find_endpoint(server.address), Login(), pause=late.pause), SUBMISSION)
        assert [run.id] == list(server.runs)
        assert len(server.asked("POST", "/runs")) == 1
    warnings = capsys.readouterr().err
    assert "dropped the connection" in warnings
    assert "checking for 24 s whether the request was carried out" in warnings


@pytest.mark.parametrize(("fault", "longest"), [(500, 5), (429, 5), (503, 40), (LOSE, 40)])
def test_the_wait_is_longer_only_if_the_server_may_still_be_working(
    fault: str | int, longest: float
) -> None:
    faults = iter([fault])
    late = KfpServer(fault=lambda each: next(faults, None) if each.path.endswith("/runs") else None)
    pauses: list[float] = []
    with serving(late) as server:
        start(Api(find_endpoint(server.address), Login(), pause=pauses.append), SUBMISSION)
        assert len(server.runs) == 1
    assert longest / 2 < sum(pauses) < longest
