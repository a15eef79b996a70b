import gzip
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from pinion_step.errors import StepError
from pinion_step.sources import object_store
from pinion_step.sources.source import ObjectSource
from pinion_step.sources.transfer import Patience
from pull_data.conftest import (
    SECRET,
    Act,
    Passage,
    Pull,
    Store,
    address,
    aws,
    fail,
    post,
    relay,
    stall,
    use_keys,
)
from pull_data.sources.object_store import download_objects
from pull_data.sources.room import Room

BODY = b"a,b\n" + b"1,x\n2,\n" * 40_000
OTHER = b"a,b\n" + b"3,y\n4,\n" * 40_000
IMPATIENT = Patience(tries=3, connect=2, silence=5, backoff=0.01)
# For one that never speaks.
VERY_IMPATIENT = Patience(tries=3, connect=2, silence=0.3, backoff=0.01)


@pytest.fixture()
def _short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "RANGE_BYTES", 200_000)


@pytest.mark.usefixtures("_short_ranges")
def test_an_object_becomes_a_dataset_with_its_origin_and_hash(pull: Pull, store: Store) -> None:
    store.put("a b/ü+1.csv", BODY)
    digest = hashlib.sha256(BODY).hexdigest()
    outcome = pull(store.url("a b/ü+1.csv"), "--sha256", digest)
    assert outcome.err == ""
    assert (
        outcome.out == f"80000 rows, 2 columns from {store.url('a b/ü+1.csv')} (sha256 {digest})\n"
    )
    assert outcome.table.column("b").to_pylist()[-2:] == ["x", None]
    assert outcome.table.schema.metadata[b"pinion.source"] == store.url("a b/ü+1.csv").encode()
    assert [path.name for path in outcome.folder.iterdir()] == ["dataset"]


def test_what_there_is_no_room_for_is_not_read(store: Store, tmp_path: Path) -> None:
    store.put("t.csv", BODY)
    source = ObjectSource(store.scheme, "tables", "t.csv")
    with pytest.raises(StepError, match=f"{source.name}: larger than the 280003 bytes available"):
        download_objects(source, tmp_path, print, IMPATIENT, Room(source.name, 280_003))
    assert not (tmp_path / "download").exists()
    download_objects(source, tmp_path, print, IMPATIENT, Room(source.name, 280_004))
    assert (tmp_path / "download").read_bytes() == BODY


def test_the_hash_is_that_of_the_packed_bytes(pull: Pull, store: Store) -> None:
    packed = gzip.compress(BODY)
    store.put("t.csv.gz", packed)
    outcome = pull(store.url("t.csv.gz"), "--sha256", hashlib.sha256(packed).hexdigest())
    assert outcome.table.num_rows == 80_000


def test_an_empty_object_is_no_table(pull: Pull, s3: Store) -> None:
    s3.put("empty.csv", b"")
    pull(s3.url("empty.csv")).assert_failed("the file is empty")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        pytest.param("a", "/t.csv: not a Parquet file; give a single file", id="a folder"),
        pytest.param("nothing.csv", ": there is no such object", id="no object"),
    ],
)
def test_what_is_no_object_is_told(pull: Pull, store: Store, key: str, words: str) -> None:
    store.put("a/t.csv", BODY)
    pull(store.url(key)).assert_failed(f"{store.url(key)}{words}")


def test_a_missing_bucket_is_told(pull: Pull, store: Store) -> None:
    pull(f"{store.scheme}://nowhere/t.csv").assert_failed("no such", "bucket; check --source")


@pytest.mark.usefixtures("_short_ranges")
def test_a_transfer_that_broke_off_goes_on_where_it_was(
    pull: Pull, store: Store, pauses: list[float]
) -> None:
    store.put("t.csv", BODY)
    store.gate.acts = [relay, partial(relay, cut=70), fail]
    outcome = pull(store.url("t.csv"), "--sha256", hashlib.sha256(BODY).hexdigest())
    assert outcome.code == 0
    told = [
        line.removeprefix(f"pull_data: {store.url('t.csv')}: ") for line in outcome.err.splitlines()
    ]
    assert told[0].startswith("try 1 of 3: the transfer broke off before its end; again in 1 s")
    assert told[1].startswith("try 2 of 3: the store answers ")
    assert len(told) == 2
    assert pauses == [1, 2]
    # None was read twice but the one that failed.
    ranges = [headers["Range"] for headers in store.gate.headers if "Range" in headers]
    assert [r.split("-")[0] for r in ranges] == ["bytes=0", *["bytes=200000"] * 3]


@pytest.mark.usefixtures("_short_ranges")
def test_an_object_that_is_replaced_meanwhile_is_no_mixture(pull: Pull, store: Store) -> None:
    def replace(passage: Passage) -> None:
        store.put("t.csv", OTHER)
        relay(passage)

    store.put("t.csv", BODY)
    store.gate.acts = [relay, replace]
    pull(store.url("t.csv")).assert_failed(f"{store.url('t.csv')}: the object was replaced")


@pytest.mark.parametrize(
    ("act", "words", "patience"),
    [
        pytest.param(
            partial(relay, cut=70), "the transfer broke off before its end", IMPATIENT, id="cut"
        ),
        pytest.param(fail, "the store answers", IMPATIENT, id="503"),
        pytest.param(stall, "the server was silent for 0.3 s", VERY_IMPATIENT, id="stalled"),
    ],
)
def test_a_store_that_never_answers_well_is_told(
    store: Store, tmp_path: Path, act: Act, words: str, patience: Patience
) -> None:
    store.put("t.csv", BODY)
    store.gate.acts = [act] * 3
    with pytest.raises(StepError, match=f"t.csv: {words}.*; gave up after 3 tries"):
        download_objects(ObjectSource(store.scheme, "tables", "t.csv"), tmp_path, print, patience)


def test_a_store_that_cannot_be_reached_is_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST"):
        monkeypatch.setenv(name, address(1))
    with pytest.raises(StepError, match=r"cannot connect to 127.0.0.1:1 \(Connection refused"):
        download_objects(ObjectSource(store.scheme, "tables", "t.csv"), tmp_path, print, IMPATIENT)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    ],
)
def test_a_stop_in_mid_transfer_leaves_nothing_behind(
    pull: Pull, store: Store, number: signal.Signals, code: int
) -> None:
    def stop(passage: Passage) -> None:
        os.kill(os.getpid(), number)
        stall(passage)

    store.put("t.csv", BODY)
    store.gate.acts = [stop]
    pull(store.url("t.csv")).assert_failed(f"stopped by {number.name}", code=code)


def test_without_credentials_a_public_bucket_is_read(
    pull: Pull, s3: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    s3.put("private.csv", BODY)
    pull(s3.url("private.csv")).assert_failed("no access without credentials; set AWS_")
    aws(s3.gate.store_port, "s3").put_object(
        Bucket="tables", Key="public.csv", Body=BODY, ACL="public-read"
    )
    assert pull(s3.url("public.csv")).code == 0
    assert [headers for headers in s3.gate.headers if "Authorization" in headers] == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"AWS_PROFILE": "ada"}, "profile (ada) could not be found", id="profile"),
        pytest.param({"AWS_SECRET_ACCESS_KEY": ""}, "missing: AWS_SECRET_ACCESS_KEY", id="half"),
        pytest.param(
            {"AWS_ENDPOINT_URL": f"http://u:{SECRET}@[h"}, "check AWS_ENDPOINT_URL", id="URL"
        ),
    ],
)
def test_settings_that_do_not_work_are_told(
    pull: Pull, s3: Store, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    outcome = pull(s3.url("t.csv"))
    outcome.assert_failed(s3.url("t.csv"), words)
    assert SECRET not in outcome.err


@pytest.fixture()
def ada(s3_port: int) -> Iterator[tuple[str, str]]:
    """Return the keys of a user who may read nothing, in a store that checks keys."""
    iam = aws(s3_port, "iam")
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    post(s3_port, "/moto-api/reset-auth", b"0")
    yield made["AccessKeyId"], made["SecretAccessKey"]
    post(s3_port, "/moto-api/reset-auth", b"inf")
    iam.delete_access_key(UserName="ada", AccessKeyId=made["AccessKeyId"])
    iam.delete_user(UserName="ada")


def test_keys_that_open_nothing_are_told(
    pull: Pull, s3: Store, ada: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = ada
    for given, words in [
        ((key, secret), "these credentials do not give access"),
        ((key, SECRET), "rejects the credentials (SignatureDoesNotMatch)"),
        (("AKIAEXAMPLE", SECRET), "rejects the credentials (InvalidAccessKeyId)"),
    ]:
        use_keys(monkeypatch, *given)
        for name in ("t.csv", "t/"):
            outcome = pull(s3.url(name))
            outcome.assert_failed(s3.url(name), words)
            assert given[1] not in outcome.err


def test_a_role_is_taken_on(
    pull: Pull, s3: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put("t.csv", BODY)
    config = tmp_path / "config"
    config.write_text(
        "[profile reader]\nrole_arn = arn:aws:iam::123456789012:role/reader\n"
        "source_profile = base\n[profile base]\n"
        "aws_access_key_id = id\naws_secret_access_key = none\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "reader")
    pull(s3.url("t.csv")).assert_failed("no region is given; set AWS_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    # The gate passes reads alone; a role is asked for by a POST.
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", address(s3.gate.store_port))
    assert pull(s3.url("t.csv")).code == 0
    signed = s3.gate.headers[-1]["Authorization"]
    assert "/eu-west-1/s3/" in signed
    assert "Credential=id/" not in signed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(None, "was not found", id="no file"),
        pytest.param('{"type": "none"}', "does not have a valid type", id="another file"),
    ],
)
def test_google_credentials_that_do_not_work_are_told(
    pull: Pull,
    gs: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    words: str,
) -> None:
    file = tmp_path / "key.json"
    if text:
        file.write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    pull(gs.url("t.csv")).assert_failed(gs.url("t.csv"), str(file), words)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        pytest.param(401, "no access without credentials; set GOOGLE_", id="401"),
        pytest.param(403, "no access without credentials; set GOOGLE_", id="403"),
        pytest.param(400, "the store answers 400", id="400"),
    ],
)
def test_a_refusal_of_google_is_told(pull: Pull, gs: Store, status: int, words: str) -> None:
    gs.put("t.csv", BODY)
    gs.gate.acts = [lambda passage: passage.send_error(status)]
    pull(gs.url("t.csv")).assert_failed(gs.url("t.csv"), words)


def test_a_local_file_loads_no_client_of_a_store(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a\n1\n")
    code = (
        "import sys; from pull_data.__main__ import main;"
        f"main(['--source', {str(tmp_path / 't.csv')!r}, '--dataset', {str(tmp_path / 'd')!r}]);"
        "print([name for name in ('fsspec', 's3fs', 'gcsfs') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].startswith("1 rows, 1 columns")
    assert done.stdout.splitlines()[1] == "[]"
