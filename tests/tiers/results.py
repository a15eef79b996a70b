"""What a part came to, from its exit code and from the report that pytest writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

# Of pytest: nothing matched what was asked for.
NO_TESTS = 5
# A test that takes longer belongs to the other tier, as long as it cannot be made faster.
LONG = 10.0
_SHOWN = 5


@dataclass(frozen=True)
class Result:
    """What ran in a part, how long it took, and what it printed."""

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    output: str = ""
    long: tuple[tuple[float, str], ...] = ()

    def line(self) -> str:
        """Return the line of the summary."""
        said = [f"{self.passed} passed"]
        said += [f"{self.failed} failed"] if self.failed else []
        said += [f"{self.skipped} skipped"] if self.skipped else []
        return f"{self.name:24} {', '.join(said):32} {self.seconds:7.1f} s"


def of_check(name: str, code: int, seconds: float, output: str) -> Result:
    """Return the result of a check, which passes or fails as a whole."""
    return Result(name, int(code == 0), int(code != 0), 0, seconds, output)


def of_tests(name: str, code: int, seconds: float, output: str, report: Path) -> Result:
    """Return the result of pytest.

    A process that ended without a report, or in another way than with its tests, has failed too.
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
    """Yield a line for the tests that take too long for the fast tier, the longest first."""
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
