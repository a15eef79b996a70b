from pathlib import Path

import pytest

from pinion_step.errors import StepError
from pinion_step.sources.source import (
    LocalSource,
    ObjectSource,
    SampleSource,
    WebSource,
    parse_source,
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("a b/ü.csv", "a b/ü.csv", id="a relative path"),
        pytest.param("/data/t.csv", "/data/t.csv", id="an absolute path"),
        pytest.param("samples:x.csv", "samples:x.csv", id="a colon in a name"),
        pytest.param("file:///data/a%20b.csv", "/data/a b.csv", id="a file URL"),
        pytest.param("FILE://localhost/t.csv", "/t.csv", id="a file URL with this host"),
    ],
)
def test_a_file_is_named_by_path_or_url(text: str, path: str) -> None:
    assert parse_source(text) == LocalSource(name=text, path=Path(path))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("https://h.org/t.csv", "https://h.org/t.csv", id="plain"),
        pytest.param("http://u:pw@h.org:81/t", "http://h.org:81/t", id="user and password"),
        pytest.param("https://h.org/t?X-Token=abc#x", "https://h.org/t", id="a token in the query"),
        pytest.param("https://u@[::1]:8/t", "https://[::1]:8/t", id="IPv6"),
    ],
)
def test_the_name_of_a_url_leaves_out_what_may_be_secret(url: str, name: str) -> None:
    assert parse_source(url) == WebSource(name=name, url=url)


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        pytest.param("s3://my.bucket/a b/ü%20#1.csv", "my.bucket", "a b/ü%20#1.csv", id="S3"),
        pytest.param("s3://b-1/t[1].csv", "b-1", "t[1].csv", id="brackets"),
        pytest.param("gs://b_1/a//t.csv", "b_1", "a//t.csv", id="Google"),
    ],
)
def test_an_object_is_named_by_its_bucket_and_key(url: str, bucket: str, key: str) -> None:
    source = parse_source(url)
    assert source == ObjectSource(scheme=url[:2], bucket=bucket, key=key)
    assert source.name == url


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ftp://b/k", r"unknown protocol ftp:// \(known: a path, file", id="protocol"),
        pytest.param("s3:///t.csv", "s3:// address names no bucket; give s3://B", id="no bucket"),
        pytest.param("gs://t.csv", "names a bucket alone; give gs://B", id="a bucket alone"),
        pytest.param("s3://bucket/*.csv", "is a pattern; give one object", id="a pattern"),
        pytest.param("", "'' is empty; give a path, .* to read sample:breast_cancer$", id="empty"),
        pytest.param(" \t", r"' \\t' is empty; give a path", id="white space"),
        pytest.param("s3://b1/k?versionId=x", "asks for a version.* --sha256$", id="S3 version"),
        pytest.param("gs://b1/k#1700000", "asks for a version.* --sha256$", id="Google version"),
        pytest.param("s3://key:s3cret@b1/k", "address names no bucket; give [^@]*$", id="keys"),
        pytest.param("file://other/t.csv", "names the host 'other'", id="file on another host"),
        pytest.param("http:///t.csv", "names no host", id="no host"),
        pytest.param("http://[::1/t?token=abc", "not a URL: Invalid IPv6 URL$", id="no URL"),
        pytest.param("http://h:99999/t", "not a URL: Port out of range", id="no port"),
    ],
)
def test_a_source_that_cannot_be_meant_is_a_wrong_call(text: str, message: str) -> None:
    with pytest.raises(StepError, match=message) as caught:
        parse_source(text)
    assert caught.value.exit_code == 2


def test_a_sample_is_known_to_who_has_it() -> None:
    assert parse_source("sample:iris") == SampleSource(name="sample:iris")
