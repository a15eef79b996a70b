"""The bundled samples."""

from pathlib import Path

from pinion_step.errors import WrongCallError
from pinion_step.sources.source import LocalSource, SampleSource

_SAMPLES = Path(__file__).parents[1] / "samples"


def sample_names() -> list[str]:
    """Return the names that may follow `sample:`."""
    return sorted(file.stem for file in _SAMPLES.glob("*.csv"))


def find_sample(source: SampleSource) -> LocalSource:
    """Return the file of a sample; raises `WrongCallError` for an unknown one."""
    name = source.name.removeprefix("sample:")
    if name not in sample_names():
        known = ", ".join(f"sample:{known}" for known in sample_names())
        raise WrongCallError(f"--source: unknown sample {source.name!r} (known: {known})")
    return LocalSource(source.name, _SAMPLES / f"{name}.csv")
