import json
from pathlib import Path

import pytest

from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.kfp_server_testing import KfpServer, serving
from pipelines.system.errors import UsageError


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KFP_ENDPOINT", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))


@pytest.mark.parametrize(
    ("given", "address"),
    [
        pytest.param("http://localhost:8080", "http://localhost:8080", id="port-forward"),
        pytest.param("localhost:8080/", "http://localhost:8080", id="no scheme, this machine"),
        pytest.param("kf.example.com", "https://kf.example.com", id="no scheme, elsewhere"),
        pytest.param(
            "https://kf.example.com/pipeline/#/runs/details/1",
            "https://kf.example.com/pipeline",
            id="as a browser shows it",
        ),
        pytest.param(" http://10.0.0.7:31380 ", "http://10.0.0.7:31380", id="spaces around"),
    ],
)
def test_an_address_may_be_written_in_many_ways(given: str, address: str) -> None:
    endpoint = find_endpoint(given)
    assert endpoint.address == endpoint.configuration.host == address
    assert endpoint.page("runs/details/r1") == f"{address}/#/runs/details/r1"


def test_the_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFP_ENDPOINT", "http://environment:1")
    assert find_endpoint("http://flag:2").address == "http://flag:2"
    assert find_endpoint(None).address == "http://environment:1"


@pytest.mark.parametrize("given", ["ftp://x", "http://", "http://x:port", "not an address", "://"])
def test_an_invalid_address_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"--endpoint '.*' is not an address"):
        find_endpoint(given)
    monkeypatch.setenv("KFP_ENDPOINT", given)
    with pytest.raises(UsageError, match=r"^KFP_ENDPOINT '.*' is not an address"):
        find_endpoint(None)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="contains a user or password") as raised:
        find_endpoint("https://ada:s3cret@kf.example.com")
    assert "s3cret" not in str(raised.value)


def test_a_kubectl_context_reaches_kfp_through_the_kubernetes_api(tmp_path: Path) -> None:
    with serving(KfpServer(bearer="t0ken")) as server:
        context = {"cluster": "c", "user": "u", "namespace": "team-a"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "work",
            "contexts": [{"name": "work", "context": context}],
            "clusters": [{"name": "c", "cluster": {"server": server.address}}],
            "users": [{"name": "u", "user": {"token": "t0ken"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        endpoint = find_endpoint(None)
        assert endpoint.namespace == "team-a"
        assert "kubectl port-forward" in endpoint.page("runs/details/r1")
        Api(endpoint, Login()).connect()
        (request,) = server.requests
    assert request.path == (
        "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy/apis/v2beta1/healthz"
    )


@pytest.mark.parametrize("text", [None, "", "[]", "current-context: gone\n", "a: ["])
def test_without_a_cluster_the_error_says_how_to_name_one(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(UsageError, match="give --endpoint or KFP_ENDPOINT") as raised:
        find_endpoint(None)
    assert "kubectl config use-context" in str(raised.value)
