import itertools
import re
import socket
import ssl
import threading
from pathlib import Path

import pytest

from pipelines.kubeflow.api.answers import RefusedError, UnavailableError
from pipelines.kubeflow.api.client import Api, named
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.kfp_server_testing import DROP, LOSE, KfpServer, Page, serving
from pipelines.kubeflow.rollout_testing import every_third
from pipelines.kubeflow.runs import experiment_id
from pipelines.system.errors import PinionError


def api(server: KfpServer, login: Login | None = None, patience: float = 60) -> Api:
    """Return the API, whose pauses take no time."""
    return Api(find_endpoint(server.address), login or Login(), patience, lambda _: None)


def answering(status: int, body: str, **headers: str) -> KfpServer:
    """Return a server that gives every request the same answer."""
    return KfpServer(pages=lambda _: Page(status, body, headers))


@pytest.mark.parametrize(
    ("server", "message"),
    [
        pytest.param(answering(401, "{}"), r"requires a login \(401\): set KFP_TOKEN", id="401"),
        pytest.param(
            answering(302, "", Location="/dex/auth"),
            "requires a login .* give --user NAME",
            id="302",
        ),
        pytest.param(
            answering(308, "", Location="https://kfp.example.com/pipeline/apis/v2beta1/healthz"),
            "redirects to https://kfp.example.com/pipeline; give that as --endpoint",
            id="moved",
        ),
        pytest.param(
            answering(403, '{"message": "ada may not\\nread"}'),
            r"denied the request \(403\): ada may not read; check --namespace",
            id="403",
        ),
        pytest.param(answering(404, "{}"), "is not KFP's API .*404.* give the address", id="404"),
        pytest.param(
            answering(200, "<html>Grafana</html>"),
            "is not KFP's API .*does not answer with a JSON object",
            id="a page",
        ),
        pytest.param(answering(200, "[1]"), "is not KFP's API", id="a list"),
        pytest.param(answering(503, "upstream"), r"answered 503$", id="503"),
        pytest.param(
            answering(500, '{"error_message": "database is down"}'),
            "answered 500: database is down",
            id="500",
        ),
        pytest.param(answering(429, "{}"), "answered 429", id="429"),
    ],
)
def test_an_answer_other_than_success_is_explained(server: KfpServer, message: str) -> None:
    with serving(server), pytest.raises(PinionError, match=message) as raised:
        api(server).connect()
    assert server.address in str(raised.value)


def test_a_rejected_token_is_reported_without_its_value() -> None:
    with serving(KfpServer(bearer="right")) as server:
        assert api(server, Login("right")).connect() is False
        with pytest.raises(RefusedError, match="does not accept the token .401.") as raised:
            api(server, Login("wr0ng")).connect()
    assert "wr0ng" not in str(raised.value)


def test_an_address_where_nothing_listens_is_reported_at_once() -> None:
    pauses: list[float] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UnavailableError, match="connection refused") as raised:
        Api(find_endpoint(address), Login(), pause=pauses.append).connect()
    assert pauses == []
    assert "kubectl port-forward -n kubeflow svc/ml-pipeline-ui 8080:80" in str(raised.value)


def test_an_unknown_host_is_reported() -> None:
    with pytest.raises(UnavailableError, match="no such host.*check --endpoint"):
        Api(find_endpoint("http://no-such-host.invalid"), Login()).connect()


def test_https_to_a_server_without_tls_is_reported() -> None:
    with serving(KfpServer()) as server:
        address = server.address.replace("http://", "https://")
        with pytest.raises(UnavailableError, match="does not speak TLS.*http://"):
            Api(find_endpoint(address), Login()).connect()


def test_an_untrusted_certificate_is_reported(tmp_path: Path) -> None:
    with (
        _tls(tmp_path) as port,
        pytest.raises(UnavailableError, match="is not trusted.*REQUESTS_CA_BUNDLE"),
    ):
        Api(find_endpoint(f"https://localhost:{port}"), Login()).connect()


class _tls:  # noqa: N801 - used as a function
    """A port that speaks TLS with a self-signed certificate."""

    def __init__(self, folder: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(_self_signed(folder))
        self._socket = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        try:
            while True:
                connection, _ = self._socket.accept()
                self._shake(connection)
        except OSError:
            return

    def _shake(self, connection: socket.socket) -> None:
        try:
            self._context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()


def _self_signed(folder: Path) -> Path:
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    return file


def test_a_request_is_retried_while_the_server_is_away(
    capsys: pytest.CaptureFixture[str],
) -> None:
    away = itertools.chain([500] * 5, [LOSE, DROP], itertools.repeat(None))
    with serving(KfpServer(fault=lambda _: next(away))) as server:
        assert api(server).connect() is False
        assert len(server.requests) == 8
    # The message appears once, and not for a short outage.
    assert len(re.findall("retrying for up to", capsys.readouterr().err)) == 1


def test_a_server_that_stays_away_is_given_up() -> None:
    with serving(KfpServer(fault=lambda _: 503)) as server:
        with pytest.raises(UnavailableError, match="answered 503"):
            api(server, patience=20).connect()
        assert 5 < len(server.requests) < 12


@pytest.mark.parametrize("fault", [DROP, LOSE, 500, 503])
@pytest.mark.parametrize("third", [0, 1, 2])
def test_an_experiment_is_created_once_whichever_answers_get_lost(
    fault: str | int, third: int
) -> None:
    with serving(KfpServer(fault=every_third(fault, third))) as server:
        first = experiment_id(api(server), "nightly", "")
        assert experiment_id(api(server), "nightly", "") == first
        assert [each["display_name"] for each in server.experiments.values()] == ["nightly"]


def test_concurrent_calls_create_one_experiment() -> None:
    with serving(KfpServer()) as server:
        threads = [
            threading.Thread(target=lambda: experiment_id(api(server), "nightly", ""))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.experiments) == 1


def test_lists_are_read_page_by_page() -> None:
    with serving(KfpServer()) as server:
        created = [experiment_id(api(server), f"e{number}", "") for number in range(5)]
        caller = api(server)
        listed = caller.experiments.experiment_service_list_experiments
        assert [each.experiment_id for each in caller.pages(listed, "experiments")] == created
        (third,) = caller.pages(listed, "experiments", filter=named("e3"))
        assert third.experiment_id == created[3]
