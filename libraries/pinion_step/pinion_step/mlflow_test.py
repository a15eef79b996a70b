from pathlib import Path

import pytest

from pinion_step.errors import WrongCallError
from pinion_step.mlflow import artifact_location, mask, resolve_uri


@pytest.mark.parametrize(
    ("given", "environment", "uri"),
    [
        pytest.param("sqlite:////a b/ü.db", "http://other", "sqlite:////a b/ü.db", id="flag first"),
        pytest.param("", "http://host:5000/", "http://host:5000", id="environment"),
        pytest.param(" ", "https://user:pw@host/mlflow", "https://user:pw@host/mlflow", id="path"),
        pytest.param("sqlite:///x.db?timeout=9", "", "sqlite:///HERE/x.db?timeout=9", id="query"),
        pytest.param("", "", "sqlite:///HERE/mlflow.db", id="default of MLflow"),
    ],
)
def test_the_address_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, environment: str, uri: str
) -> None:
    monkeypatch.chdir(tmp_path)
    resolved = resolve_uri(given, {"MLFLOW_TRACKING_URI": environment})
    assert resolved == uri.replace("HERE", str(tmp_path))


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        pytest.param("ftp://nowhere", "ftp://nowhere", id="an unknown scheme"),
        pytest.param("mlruns", "mlruns", id="a folder"),
        pytest.param("file:///mlruns", "file:///mlruns", id="a folder's URI"),
        pytest.param("sqlite://", "sqlite://", id="in memory"),
        pytest.param("sqlite:///", "sqlite:///", id="no file"),
        pytest.param("sqlite:///:memory:", "sqlite:///:memory:", id="in memory by name"),
        pytest.param("http://", "http://", id="no host"),
        pytest.param("http://[x", "http://[x", id="an open bracket"),
        pytest.param("http://me:p@w@[x", "http://***@[x", id="an open bracket and a password"),
        pytest.param("postgresql://me:pw@a/b", "postgresql://***@a/b", id="another database"),
    ],
)
def test_an_address_that_no_step_can_use_is_a_wrong_call(uri: str, shown: str) -> None:
    with pytest.raises(WrongCallError) as refused:
        resolve_uri(uri, {})

    assert str(refused.value) == (
        f"--mlflow-tracking-uri: '{shown}' is not an address that a step can use; give"
        " sqlite:///FILE or http(s)://HOST"
    )
    assert refused.value.exit_code == 2


def test_artifacts_are_beside_an_sqlite_file_and_a_servers_own_affair() -> None:
    assert artifact_location("sqlite:////a b/x.db?y=1") == "file:///a%20b/artifacts"
    assert artifact_location("http://host") is None


def test_a_password_is_not_repeated() -> None:
    assert mask("at http://u:p@h: no") == "at http://***@h: no"
    assert mask("mail a@b, http://h") == "mail a@b, http://h"
    assert mask("no http://p@w@[x") == "no http://***@[x"
