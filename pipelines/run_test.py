"""The flags of `pipelines.run`."""

import pytest

from pipelines.run import build_parser


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1500", 1500), ("70k", 70_000), ("500M", 500_000_000), ("2T", 2 * 10**12)],
)
def test_the_bound_of_the_cache(text: str, size: int) -> None:
    assert build_parser().parse_args(["--cache-size", text]).cache_size == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1.5G", "500m", "10GB", "many"])
def test_what_is_not_a_size_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args([f"--cache-size={text}"])
    message = f"{text!r} is not a size; use a number with k, M, G or T, such as 500M"
    assert message in capsys.readouterr().err
