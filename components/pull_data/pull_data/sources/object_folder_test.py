"""A folder of Parquet files in a store is the same table as on this machine."""

import io
import os
import re
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pinion_step.errors import StepError
from pinion_step.sources.source import ObjectSource, parse_source
from pinion_step.sources.transfer import Patience
from pull_data.conftest import Passage, Pull, Store, fail, relay, stall
from pull_data.sources.object_store import download_objects
from pull_data.sources.room import Room

IMPATIENT = Patience(tries=3, connect=2, silence=5, backoff=0.01)


def parquet(**columns: list[Any]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


FIRST, SECOND = "country=DE/part-0.parquet", "country=Österreich/part 2+1.parquet"
FILES = {
    "_SUCCESS": b"",
    "_metadata": b"PAR1",
    ".hidden/part-0.parquet": parquet(n=[9]),
    SECOND: parquet(n=[3]),
    FIRST: parquet(n=[1, 2]),
    "country=DE/.part-0.parquet.crc": b"crc",
}
ROWS = [
    {"n": 1, "country": "DE"},
    {"n": 2, "country": "DE"},
    {"n": 3, "country": "Österreich"},
]


@pytest.fixture()
def key(store: Store) -> str:
    """Return a folder `…/my table` with FILES, the markers of some consoles, and a neighbour."""
    key = f"{uuid4().hex}/my table"
    objects = {f"{key}/{path}": body for path, body in FILES.items()}
    objects |= {f"{key}/": b"", f"{key}/country=DE/": b"", f"{key} 2/part": parquet(n=[8])}
    for name, body in objects.items():
        store.put(name, body)
    return key


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_folder_is_the_table_and_the_hash_that_it_is_on_this_machine(
    pull: Pull, store: Store, key: str, tmp_path: Path, slash: str
) -> None:
    for path, body in FILES.items():
        (tmp_path / "t" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / path).write_bytes(body)
    digest = pull(tmp_path / "t").table.schema.metadata[b"pinion.sha256"].decode()
    source = store.url(key) + slash
    outcome = pull(source, "--sha256", digest)
    assert outcome.table.to_pylist() == ROWS
    assert outcome.out == f"3 rows, 2 columns from {source} (sha256 {digest})\n"
    assert outcome.err == ""
    assert outcome.table.schema.metadata[b"pinion.source"] == source.encode()
    assert [path.name for path in outcome.folder.iterdir()] == ["dataset"]


def test_an_object_goes_before_a_folder_of_its_name(pull: Pull, store: Store, key: str) -> None:
    store.put(key, b"n\n7\n")
    assert pull(store.url(key)).table.to_pylist() == [{"n": "7"}]
    assert pull(f"{store.url(key)}/").table.to_pylist() == ROWS


def test_a_whole_bucket_may_be_the_folder(pull: Pull, s3: Store, s3_client: Any) -> None:
    s3_client.create_bucket(Bucket="whole")
    s3_client.put_object(Bucket="whole", Key="part-0", Body=parquet(n=[5]))
    assert pull("s3://whole/").table.to_pylist() == [{"n": 5}]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        pytest.param("tables/nothing/", "no Parquet files in this folder; check", id="nothing"),
        pytest.param("nowhere/t/", "; check --source", id="no bucket"),
    ],
)
def test_a_folder_that_is_not_there_is_told(
    pull: Pull, store: Store, address: str, words: str
) -> None:
    url = f"{store.scheme}://{address}"
    pull(url).assert_failed(f"{url}: ", words)


def test_what_there_is_no_room_for_is_not_read(store: Store, key: str, tmp_path: Path) -> None:
    source = parse_source(store.url(f"{key}/"))
    assert isinstance(source, ObjectSource)
    size = sum(len(FILES[path]) for path in (FIRST, SECOND))
    with pytest.raises(StepError, match=f"{source.name}: larger than the {size - 1} bytes "):
        download_objects(source, tmp_path, print, IMPATIENT, Room(source.name, size - 1))
    assert list(tmp_path.glob("download*")) == []
    download_objects(source, tmp_path, print, IMPATIENT, Room(source.name, size))
    assert len(list(tmp_path.glob("download*"))) == 2


def test_a_request_that_failed_is_made_again(
    pull: Pull, store: Store, key: str, pauses: list[float]
) -> None:
    store.gate.at_listings = [fail]
    store.gate.acts = [relay, partial(relay, cut=9)]
    outcome = pull(store.url(f"{key}/"))
    assert outcome.table.to_pylist() == ROWS
    told = outcome.err.splitlines()
    assert f"{store.url(key)}/: try 1 of 3: the store answers " in told[0]
    assert "part 2+1.parquet: try 1 of 3: the transfer broke off before its end" in told[1]
    assert pauses == [1, 1]


def test_a_store_that_never_lists_well_is_told(store: Store, key: str, tmp_path: Path) -> None:
    store.gate.at_listings = [fail] * 3
    source = ObjectSource(store.scheme, "tables", f"{key}/")
    with pytest.raises(StepError, match="/: the store answers .*; gave up after 3 tries"):
        download_objects(source, tmp_path, print, IMPATIENT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda store, key: store.put(f"{key}/{FIRST}", parquet(n=[4, 5])),
            f"/{FIRST}: ",
            id="changed behind",
        ),
        pytest.param(
            lambda store, key: store.put(f"{key}/{SECOND}", b"PAR1"),
            f"/{SECOND}: the object was replaced or deleted",
            id="changed before",
        ),
        pytest.param(
            lambda store, key: store.delete(f"{key}/{SECOND}"),
            f"/{SECOND}: the object was replaced or deleted",
            id="deleted",
        ),
        pytest.param(
            lambda store, key: store.put(f"{key}/country=ES/part-0", parquet(n=[1])),
            "/country=ES/part-0: this file appeared while the folder was read",
            id="new",
        ),
    ],
)
def test_a_folder_that_changes_while_it_is_read_is_no_mixture(
    pull: Pull, store: Store, key: str, change: Callable[[Store, str], object], words: str
) -> None:
    def at_the_first_file(passage: Passage) -> None:
        relay(passage)
        change(store, key)

    store.gate.acts = [at_the_first_file]
    pull(store.url(f"{key}/")).assert_failed(f"{store.url(key)}{words}", "try again")


def test_the_version_of_an_object_and_of_a_folder_is_held(
    pull: Pull, store: Store, key: str
) -> None:
    store.put(f"{key}.csv", b"n\n7\n")
    for name in (f"{key}.csv", f"{key}/"):
        outcome = pull(store.url(name), "--source-version", "none")
        found = re.search(r"the version is (\S+), but --source-version is none;", outcome.err)
        assert found, outcome.err
        kind = "files" if name.endswith("/") else {"s3": "etag", "gs": "generation"}[store.scheme]
        assert found[1].startswith(f"{kind}:")
        assert pull(store.url(name), "--source-version", found[1]).code == 0
        store.put(name if name.endswith(".csv") else f"{key}/{SECOND}", parquet(n=[5]))
        (dataset,) = outcome.folder.iterdir()
        dataset.unlink()
        pull(store.url(name), "--source-version", found[1]).assert_failed(
            f"{store.url(name)}: the version is {kind}:", f"but --source-version is {found[1]};"
        )


def test_a_stop_in_mid_transfer_leaves_nothing_behind(pull: Pull, store: Store, key: str) -> None:
    def stop(passage: Passage) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        stall(passage)

    store.gate.acts = [relay, stop]
    pull(store.url(key)).assert_failed("stopped by SIGTERM", code=143)
