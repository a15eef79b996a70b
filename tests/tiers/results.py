"""Read the result of a part from its exit code and from pytest's report."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

# pytest's exit code if no test was selected.
NO_TESTS = 5
# Seconds. A test that takes longer must be made faster, or moved to the slow tier.
LONG = 10.0
_SHOWN = 5


@dataclass(frozen=True)
class Result:
    """The counts of a part, its time in seconds, and its output."""

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    output: str = ""
    long: tuple[tuple[float, str], ...] = ()

    def line(self) -> str:
        """Return the line of the summary."""
        counts = [f"{self.passed} passed"]
        counts += [f"{self.failed} failed"] if self.failed else []
        counts += [f"{self.skipped} skipped"] if self.skipped else []
        return f"{self.name:24} {', '.join(counts):32} {self.seconds:7.1f} s"


def of_check(name: str, code: int, seconds: float, output: str) -> Result:
    """Return the result of a check, which passes or fails as a whole."""
    return Result(name, int(code == 0), int(code != 0), 0, seconds, output)


def of_tests(name: str, code: int, seconds: float, output: str, report: Path) -> Result:
    """Return the result of pytest.

    It has also failed if it left no report, or if its exit code is neither 0 nor "no tests".
    """
    try:
        document = ElementTree.parse(report)  # noqa: S314 - of our own process
        (suite,) = document.getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError, ValueError):
        return of_check(name, code or 1, seconds, output)
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    skipped = int(suite.get("skipped", 0))
    passed = max(0, int(suite.get("tests", 0)) - failed - skipped)
    if code not in (0, NO_TESTS) and not failed:
        failed = 1
    return Result(name, passed, failed, skipped, seconds, output, tuple(_long(suite)))


def _long(suite: ElementTree.Element) -> Iterator[tuple[float, str]]:
    for case in suite.iter("testcase"):
        if (seconds := float(case.get("time", 0))) > LONG:
            yield seconds, f"{case.get('classname')}.{case.get('name')}"


def longest(results: list[Result]) -> Iterator[str]:
    """Yield a line for each test that is too long for the fast tier, the longest first."""
    found = sorted((each for result in results for each in result.long), reverse=True)
    yield from (f"{seconds:.0f} s for {name}" for seconds, name in found[:_SHOWN])
    if len(found) > _SHOWN:
        yield f"over {LONG:.0f} s for {len(found) - _SHOWN} more"


def total(results: list[Result]) -> str:
    """Return the last line, in the form that CI reads."""
    counts = [sum(getattr(each, key) for each in results) for key in ("passed", "failed")]
    skipped = sum(each.skipped for each in results)
    line = f"{counts[0]} passed, {counts[1]} failed"
    return f"{line}, {skipped} skipped" if skipped else line
