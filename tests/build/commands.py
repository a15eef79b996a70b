"""Check the commands in workflows and documents against what exists in this repository."""

import argparse
import contextlib
import importlib
import importlib.util
import io
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.build.tree import DAEMON, ROOT, call
from tests.documents import Document

# The goals of Pants 2.17 that people and CI call here.
GOALS = {"check", "dependents", "fmt", "lint", "list", "package", "peek", "publish", "run", "test"}
# The component that the pages make with pipelines.new.
NEW = "components/count_rows"
# Values of some variables; any other variable becomes a word.
SAMPLES = {"REGISTRY": "ghcr.io/owner", "TAG": "1.2.3"}

_VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}|\$(\w+)")
_ASSIGNMENT = re.compile(r"\w+=")
_SEPARATORS = re.compile(r"[;&|()<>]+")
# What a target of make calls with ARGS.
_WITH_ARGS = re.compile(
    r"^([\w-]+):.*\n\t@\.venv/bin/python -m (\S+) ?(.*)\$\(ARGS\)$", re.MULTILINE
)
# Flags that it does not know go on to pytest.
_TIERS = "tests.tiers"


@dataclass(frozen=True)
class Known:
    """What a command may refer to: files, make's targets and what they call, and Pants' targets.

    `pants_targets` is None if Pants was not asked; then any target will do.
    """

    root: Path
    make_targets: frozenset[str]
    called_by_make: Mapping[str, Sequence[str]]
    pants_targets: frozenset[str] | None

    @classmethod
    def of(cls, root: Path) -> "Known":
        """Collect everything from a working tree; asks Pants, which takes seconds."""
        listed = call(root, "./pants", "list", "::", **DAEMON)
        assert listed.returncode == 0, listed.stderr
        targets = frozenset(name.removeprefix("//") for name in listed.stdout.split())
        return cls.without_pants(root, targets)

    @classmethod
    def without_pants(cls, root: Path, targets: frozenset[str] | None = None) -> "Known":
        """Collect what can be read in a working tree."""
        makefile = (root / "Makefile").read_text()
        found = _WITH_ARGS.findall(makefile)
        called = {name: ["-m", module, *shlex.split(fixed)] for name, module, fixed in found}
        names = re.findall(r"^([\w-]+):", makefile, re.MULTILINE)
        return cls(root, frozenset(names), called, targets)


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
    found = [f"no make target {each}" for each in targets if each not in known.make_targets]
    given = [word.removeprefix("ARGS=") for word in arguments if word.startswith("ARGS=")]
    for target in targets if given else []:
        if called := known.called_by_make.get(target):
            found += _module_faults([*called, *shlex.split(given[-1])])
    return found


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
    if known.pants_targets is None:
        return True
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
    if not _is_module(name):
        return [f"no module {name}"]
    parser = parser_of(name)
    return _flag_faults(name, parser, flags) if parser else []


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def parser_of(name: str) -> argparse.ArgumentParser | None:
    """Return the parser of a command of ours, None for any other module."""
    if not name.startswith(("pipelines.", "tests.")) or not _is_module(name):
        return None
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{name}.__main__")
    build = getattr(module, "build_parser", None)
    parser: argparse.ArgumentParser | None = build() if build else None
    return parser


def _flag_faults(name: str, parser: argparse.ArgumentParser, flags: Sequence[str]) -> list[str]:
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr), contextlib.redirect_stdout(io.StringIO()):
            args, others = parser.parse_known_args(flags)
            if others and name != _TIERS:
                parser.error(f"unrecognized arguments: {' '.join(others)}")
    except SystemExit as stopped:
        return [f"{name}: {stderr.getvalue().splitlines()[-1]}"] if stopped.code else []
    if name == _TIERS:
        known = {path for path in args.paths if path == NEW or (ROOT / path).exists()}
        return [f"{name}: no {path}" for path in args.paths if path not in known]
    names = [each.partition("=")[0] for each in getattr(args, "param", [])]
    return [f"{name}: no parameter {each}" for each in names if each not in parameters()]


def parameters() -> set[str]:
    """Return the names of the training pipeline's parameters."""
    golden = next(yaml.safe_load_all((ROOT / "tests/golden/training.yaml").read_text()))
    return set(golden["root"]["inputDefinitions"]["parameters"])


def shown_faults(document: Document, known: Known) -> list[str]:
    """Return what the commands in the blocks of a page name that is not there."""
    shown = [command for line in document.command_lines for command in commands(line)]
    # A block may call any program, but our own must exist.
    others = frozenset(command[0] for command in shown if "/" not in command[0])
    return [fault for command in shown for fault in faults(command, known, others)]
