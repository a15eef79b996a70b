"""The command line of a step: its flags, its exit code, and one line for every failure."""

import argparse
import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from pinion_step.console import log
from pinion_step.errors import FAILED, StepError, WrongCallError, reason
from pinion_step.signals import Interrupted, stop_signals_raise


class Parser(argparse.ArgumentParser):
    """A parser in which a flag takes the next word as its value, even one that starts with a dash.

    Such values are common: column names are data. Flags are not abbreviated, and what is wrong
    with a call is raised as `WrongCallError`.
    """

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False)
        self._switches = {"--help"}

    def add_switch(self, flag: str, text: str) -> None:
        """Add a flag without a value."""
        self._switches.add(flag)
        self.add_argument(flag, action="store_true", help=text)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Return the values of the flags; raises `WrongCallError`."""
        words, joined = list(argv), []
        while words:
            word = words.pop(0)
            takes_value = word.startswith("--") and "=" not in word and word not in self._switches
            joined.append(f"{word}={words.pop(0)}" if takes_value and words else word)
        return self.parse_args(joined)

    def error(self, message: str) -> NoReturn:
        """Raise `WrongCallError` instead of printing the usage."""
        raise WrongCallError(f"{message.removeprefix('argument ')}; see --help")


def run(step: str, work: Callable[[Sequence[str]], None], argv: Sequence[str] | None) -> int:
    """Do the work of a step and return its exit code: 0 done, 1 failed, 2 wrong call.

    `work` takes the command line without the program's name. A stop signal gives 128 plus its
    number.
    """
    try:
        with stop_signals_raise():
            work(sys.argv[1:] if argv is None else argv)
    except StepError as error:
        return _fail(step, str(error), error.exit_code)
    except Interrupted as error:
        message = f"{error}; no output was written, repeating the call is safe"
        return _fail(step, message, error.exit_code)
    except MemoryError:
        return _fail(step, "out of memory; give the step more memory, or fewer rows", FAILED)
    except OSError as error:
        advice = "; check the path and its permissions" if error.filename else ""
        return _fail(step, f"{reason(error)}{advice}", FAILED)
    return 0


def path(text: str) -> Path:
    """Parse a path that must be given; a `type` of argparse."""
    if not text:
        raise ArgumentTypeError("the path is empty")
    return Path(text)


def optional_path(text: str) -> Path | None:
    """Parse a path that may be empty; a `type` of argparse."""
    return Path(text) if text else None


def whole_number(default: int, least: int, most: int) -> Callable[[str], int]:
    """Return a `type` of argparse for whole numbers between two bounds; empty is the default."""

    def parse(text: str) -> int:
        try:
            number = int(text) if text.strip() else default
        except ValueError:
            raise ArgumentTypeError(f"{text!r:.80} is not a whole number") from None
        if not least <= number <= most:
            raise ArgumentTypeError(f"{number} is not between {least} and {most}")
        return number

    return parse


def json_object(example: str) -> Callable[[str], dict[str, Any]]:
    """Return a `type` of argparse for JSON objects; an empty text is an empty object."""

    def parse(text: str) -> dict[str, Any]:
        document = _json(text.strip() or "{}", f"an object such as '{example}'")
        if not isinstance(document, dict):
            raise ArgumentTypeError(f"{text!r:.200} is not a JSON object such as '{example}'")
        return document

    return parse


def json_names(text: str) -> tuple[str, ...]:
    """Parse a JSON list of names; a `type` of argparse. An empty text is an empty list."""
    example = 'a list such as ["age", "city"]'
    names = _json(text.strip() or "[]", example)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ArgumentTypeError(f"{text!r:.200} is not a JSON list of names; give {example}")
    return tuple(names)


def json_objects(example: str) -> Callable[[str], tuple[dict[str, Any], ...]]:
    """Return a `type` of argparse for JSON lists of objects; an empty text is an empty list."""

    def parse(text: str) -> tuple[dict[str, Any], ...]:
        objects = _json(text.strip() or "[]", f"a list such as '{example}'")
        if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
            raise ArgumentTypeError(
                f"{text!r:.200} is not a JSON list of objects; give a list such as '{example}'"
            )
        return tuple(objects)

    return parse


def truth(text: str) -> bool:
    """Parse true or false; a `type` of argparse. An empty text is false."""
    word = text.strip().lower() or "false"
    if word not in ("true", "false"):
        raise ArgumentTypeError(f"{text!r:.80} is neither true nor false")
    return word == "true"


def refuse_shared(paths: Mapping[str, Path]) -> None:
    """Raise `WrongCallError` if two flags have one path, which one of them would overwrite."""
    flags: dict[Path, str] = {}
    for flag, given in paths.items():
        other = flags.setdefault(given.resolve(), flag)
        if other != flag:
            raise WrongCallError(
                f"{other} and {flag} have the same path {str(given)!r}; give each its own"
            )


def _json(text: str, wanted: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"{text!r:.200} is not JSON ({error}); give {wanted}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _fail(step: str, message: str, exit_code: int) -> int:
    # If the disk is full, the log may be too; the exit code still counts.
    with suppress(OSError):
        log(step, f"error: {message}")
    return exit_code
