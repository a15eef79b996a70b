"""Check the commands in workflows and documents against what exists in this repository."""

import argparse
import contextlib
import importlib
import importlib.util
import io
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.build.tree import DAEMON, call

# The goals of Pants 2.17 that people and CI call here.
GOALS = {"check", "dependents", "fmt", "lint", "list", "package", "peek", "publish", "run", "test"}
# Values of some variables; any other variable becomes a word.
SAMPLES = {"REGISTRY": "ghcr.io/owner", "TAG": "1.2.3"}

_VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}|\$(\w+)")
_ASSIGNMENT = re.compile(r"\w+=")
_SEPARATORS = re.compile(r"[;&|()<>]+")


@dataclass(frozen=True)
class Known:
    """What a command may refer to: files, make's targets, and Pants' targets."""

    root: Path
    make_targets: frozenset[str]
    pants_targets: frozenset[str]

    @classmethod
    def of(cls, root: Path) -> "Known":
        """Collect everything from a working tree."""
        makefile = (root / "Makefile").read_text()
        listed = call(root, "./pants", "list", "::", **DAEMON)
        assert listed.returncode == 0, listed.stderr
        return cls(
            root,
            frozenset(re.findall(r"^([\w-]+):", makefile, re.MULTILINE)),
            frozenset(name.removeprefix("//") for name in listed.stdout.split()),
        )


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each simple command, without assignments and redirections.

    Raises `ValueError` if a quote is not closed.
    """
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        redirected = False
        for token in [*map(_expanded, lexer), ";"]:
            if not _SEPARATORS.fullmatch(token):
                if not redirected and (words or not _ASSIGNMENT.match(token)):
                    words.append(token)
            elif token[0] in "<>":
                redirected = True
            else:
                if words:
                    yield words
                words, redirected = [], False


def _expanded(token: str) -> str:
    return _VARIABLE.sub(lambda found: SAMPLES.get(found[1] or found[2], "value"), token)


def faults(command: Sequence[str], known: Known, programs: frozenset[str]) -> list[str]:
    """Return the parts of a command that do not exist; `programs` are those of other projects."""
    program, *arguments = command
    if program == "make":
        return _make_faults(arguments, known)
    if program == "./pants":
        return _pants_faults(arguments, known)
    if program in ("python", ".venv/bin/python"):
        return _module_faults(arguments)
    if "/" in program:
        there = os.access(known.root / program, os.X_OK) and (known.root / program).is_file()
        return [] if there else [f"no script {program}"]
    return [] if program in programs else [f"unknown program {program}"]


def _make_faults(arguments: Sequence[str], known: Known) -> list[str]:
    targets = [word for word in arguments if not word.startswith("-") and "=" not in word]
    return [f"no make target {target}" for target in targets if target not in known.make_targets]


def _pants_faults(arguments: Sequence[str], known: Known) -> list[str]:
    own = list(arguments)
    own = own[: own.index("--")] if "--" in own else own
    words = [word for word in own if not word.startswith("-")]
    addresses = [word for word in words if ":" in word or "/" in word]
    return [
        *(f"no goal {word}" for word in words if word not in addresses and word not in GOALS),
        *(f"no target {word}" for word in addresses if not _is_target(word, known)),
    ]


def _is_target(address: str, known: Known) -> bool:
    address = address.removeprefix("//")
    if not address.endswith("::"):
        return address in known.pants_targets
    folder = address.removesuffix("::")
    starts = (f"{folder}:", f"{folder}/") if folder else ("",)
    return any(target.startswith(starts) for target in known.pants_targets)


def _module_faults(arguments: Sequence[str]) -> list[str]:
    if arguments[:1] != ["-m"] or len(arguments) < 2:
        return [f"python without -m: {shlex.join(arguments)}"]
    name, *flags = arguments[1:]
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        return [f"no module {name}"]
    if not name.startswith("pipelines."):
        return []
    return _flag_faults(name, importlib.import_module(name).build_parser(), flags)


def _flag_faults(name: str, parser: argparse.ArgumentParser, flags: Sequence[str]) -> list[str]:
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr), contextlib.redirect_stdout(io.StringIO()):
            parser.parse_args(flags)
    except SystemExit as stopped:
        if stopped.code:
            return [f"{name}: {stderr.getvalue().splitlines()[-1]}"]
    return []
