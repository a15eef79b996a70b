"""Check the types of several folders, each against the packages that it runs with.

`python mypy_each.py NAME PYTHON MYPYPATH FOLDER… -- NAME …` runs in mypy's environment.
"""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_CACHES = Path(".mypy_cache")
_FLAGS = ("--no-error-summary", "--config-file=mypy.ini")


def main(argv: Sequence[str]) -> int:
    """Make all checks, and return 1 if one failed."""
    groups = itertools.groupby(argv, lambda word: word == "--")
    checks = [list(words) for is_separator, words in groups if not is_separator]
    codes, last = [], None
    for name, python, path, *folders in checks:
        cache = _CACHES / name
        # Most of the time goes to libraries, and many of them are the same for all folders. mypy
        # takes a library from the cache if its files have the same hashes.
        if last and last.exists() and not cache.exists():
            shutil.copytree(last, cache)
        codes.append(_check(cache, python, path, folders))
        last = cache
    return int(any(codes))


def _check(cache: Path, python: str, path: str, folders: Sequence[str]) -> int:
    mypy: list[str | Path] = [Path(sys.executable).with_name("mypy"), *_FLAGS]
    return subprocess.run(
        [*mypy, f"--cache-dir={cache}", "--python-executable", python, *folders],
        env={**os.environ, "MYPYPATH": path},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
