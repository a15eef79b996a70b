"""What git knows of the working tree, and files as they were at a commit."""

import io
import subprocess
import tarfile
from collections.abc import Sequence

from pipelines.contents import BASE_IMAGE, LIBRARY, LIBRARY_FOLDER, only_content
from pipelines.errors import PinionError
from pipelines.workspace import Workspace


class CommitMissingError(PinionError):
    """A commit that this clone does not have."""


def head(workspace: Workspace) -> str:
    """Return the commit of the working tree; raises `PinionError` if there is none."""
    return _git(workspace, "rev-parse", "--verify", "HEAD").decode().strip()


def described(workspace: Workspace) -> str:
    """Return the commit of the working tree, with `-dirty` behind it if that has changes.

    Empty if the tree is in no git repository.
    """
    try:
        asked = _git(workspace, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except PinionError:
        return ""
    return asked.decode().strip()


def uncommitted(workspace: Workspace, paths: Sequence[str]) -> list[str]:
    """Return the files under some paths that are not as they were committed."""
    said = _git(workspace, "status", "--porcelain", "-z", "--no-renames", "--", *paths).decode()
    return [entry[3:] for entry in said.split("\0") if entry]


def component_at(workspace: Workspace, commit: str, name: str) -> dict[str, bytes]:
    """Return the files that made a component at a commit, as `contents.read_tree` does of now.

    Raises `CommitMissingError` if the clone lacks the commit, `PinionError` if the commit lacks the
    component.
    """
    try:
        _git(workspace, "cat-file", "-e", f"{commit}^{{commit}}")
    except PinionError:
        raise CommitMissingError(
            f"this clone does not have the commit {commit} that {name} was made from"
        ) from None
    folder = f"components/{name}"
    # Components of old commits have no library, and git archives no path that is not there.
    modules = f"{LIBRARY_FOLDER}/{LIBRARY}"
    library = _git(workspace, "ls-tree", "--name-only", commit, "--", modules).decode().split()
    archive = _git(workspace, "archive", "--format=tar", commit, "--", folder, BASE_IMAGE, *library)
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            content = members.extractfile(member) if member.isfile() else None
            if content:
                path = member.name.removeprefix(f"{folder}/").removeprefix(f"{LIBRARY_FOLDER}/")
                files[path] = content.read()
    return only_content(name, files)


def _git(workspace: Workspace, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=workspace.root, capture_output=True, check=False
        )
    except OSError as error:
        raise PinionError(f"git cannot be called: {error.strerror}; install it") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise PinionError(f"git {arguments[0]}: {lines[-1] if lines else 'failed'}")
    return done.stdout
