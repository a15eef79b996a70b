"""Ask git about the working tree, and for files as they were at a commit."""

import io
import subprocess
import tarfile
from collections.abc import Sequence

from pipelines.components.content import BASE_IMAGE, LIBRARY, LIBRARY_FOLDER, only_content
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace


class CommitMissingError(PinionError):
    """This clone does not have the commit."""


def head(workspace: Workspace) -> str:
    """Return the commit of the working tree; raise `PinionError` if there is none."""
    return _git(workspace, "rev-parse", "--verify", "HEAD").decode().strip()


def described(workspace: Workspace) -> str:
    """Return the commit of the working tree, followed by `-dirty` if the tree has changes.

    Return an empty text if the tree is not in a git repository.
    """
    try:
        asked = _git(workspace, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except PinionError:
        return ""
    return asked.decode().strip()


def uncommitted(workspace: Workspace, paths: Sequence[str]) -> list[str]:
    """Return the files under the paths that differ from the last commit."""
    changes = _git(workspace, "status", "--porcelain", "-z", "--no-renames", "--", *paths).decode()
    return [entry[3:] for entry in changes.split("\0") if entry]


def tag_commit(workspace: Workspace, tag: str) -> str:
    """Return the commit of a tag; empty if there is no such tag."""
    try:
        return (
            _git(workspace, "rev-parse", "--verify", f"refs/tags/{tag}^{{commit}}").decode().strip()
        )
    except PinionError:
        return ""


def file_at_tag(workspace: Workspace, tag: str, path: str) -> bytes | None:
    """Return a file as it was at a tag; None if there is no such tag, or no such file at it."""
    try:
        return _git(workspace, "show", f"refs/tags/{tag}:{path}")
    except PinionError:
        return None


def component_at(workspace: Workspace, commit: str, name: str) -> dict[str, bytes]:
    """Return the files of a component at a commit, as `content.read_tree` does for the tree.

    Raise `CommitMissingError` if the clone does not have the commit, and `PinionError` if the
    commit does not have the component.
    """
    try:
        _git(workspace, "cat-file", "-e", f"{commit}^{{commit}}")
    except PinionError:
        raise CommitMissingError(
            f"this clone does not have the commit {commit} that {name} was made from"
        ) from None
    folder = f"components/{name}"
    # Old commits have no library, and git archive fails for a missing path.
    modules = f"{LIBRARY_FOLDER}/{LIBRARY}"
    library = _git(workspace, "ls-tree", "--name-only", commit, "--", modules).decode().split()
    archive = _git(workspace, "archive", "--format=tar", commit, "--", folder, BASE_IMAGE, *library)
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            if content := members.extractfile(member) if member.isfile() else None:
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
