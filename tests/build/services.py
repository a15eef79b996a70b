"""Servers for tests of images: a check for a Docker engine, and a registry."""

import os
import secrets
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path
from types import TracebackType

from tests.ports import free_port

# Seconds within which a registry must answer, including the pull of its image.
START_TIMEOUT = 120.0

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
LOGIN_CONFIG = "auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}\n"


def docker_answers() -> bool:
    """Return whether a Docker engine answers."""
    if not shutil.which("docker"):
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60)
    return asked.returncode == 0


class Registry:
    """A real registry on a port of this machine, which stores its images in a folder.

    `with Registry(folder) as registry:` starts and stops it. In between, `stop()` and `start()`
    simulate a server that goes down and comes back at the same address and with the same images.
    """

    def __init__(self, folder: Path, user: str = "", password: str = "", port: int = 0) -> None:
        self.address = f"localhost:{port or free_port()}"
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        config = CONFIG + LOGIN_CONFIG if user else CONFIG
        if user:
            (folder / "htpasswd").write_text(f"{user}:{_bcrypt(password)}\n")
        (folder / "config.yml").write_text(config.format(folder=folder, port=self.port))

    @property
    def port(self) -> int:
        """The port on this machine."""
        return int(self.address.rpartition(":")[2])

    def start(self) -> None:
        """Start the registry, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(self._command(), stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                self.stop()
                log_text = (self._folder / "log").read_text(errors="replace").strip()
                raise RuntimeError(f"no registry at {self.address}: {log_text[-500:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the registry, and keep its images."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(timeout=30)
            self._server = None

    def copied(self, folder: Path) -> "Registry":
        """Return another registry with the same images, in which they can be changed."""
        # What is in `_uploads` is being pushed at this moment.
        left_out = shutil.ignore_patterns("_uploads")
        shutil.copytree(
            self._folder / "storage", folder / "storage", ignore=left_out, copy_function=_linked
        )
        return Registry(folder)

    def forget_referrers(self, repository: str) -> None:
        """Delete the lists of attachments to images."""
        path = f"storage/docker/registry/v2/repositories/{repository}/_manifests/tags"
        for tag in (self._folder / path).glob("sha256-*"):
            shutil.rmtree(tag)

    def forget_images(self) -> None:
        """Delete all images, but keep their layers, so that they need not be pushed again."""
        for images in list((self._folder / "storage").rglob("_manifests")):
            shutil.rmtree(images)

    def answers(self) -> bool:
        """Return whether the registry is up, even if it requires a password."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/v2/", timeout=5):
                return True
        except urllib.error.HTTPError as error:
            return error.code == 401
        except OSError:
            return False

    def _command(self) -> list[str]:
        config = str(self._folder / "config.yml")
        if program := shutil.which("docker-registry"):
            return [program, "serve", config]
        # Else run the same program from Docker Hub, on the same port and paths.
        mount = f"{self._folder}:{self._folder}"
        owner = f"{self._folder.stat().st_uid}:{self._folder.stat().st_gid}"
        options = ["--rm", "--network=host", f"--volume={mount}", f"--user={owner}"]
        return ["docker", "run", *options, "registry:2", "serve", config]

    def __enter__(self) -> "Registry":
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._forget_images()

    def _forget_images(self) -> None:
        """Remove the names of its images from the engine, but keep the layers for later builds."""
        if not docker_answers():
            return
        listed = ["docker", "images", "--format={{.Repository}}:{{.Tag}}"]
        named = subprocess.run(
            [*listed, f"--filter=reference={self.address}/*/*"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        if images := [each for each in named if not each.endswith(":<none>")]:
            subprocess.run(
                ["docker", "rmi", "--no-prune", *images], check=False, capture_output=True
            )


def _linked(old: str, new: str) -> None:
    """Link a layer, which never changes, and copy a tag, which the registry writes in place."""
    (os.link if Path(new).name == "data" else shutil.copy2)(old, new)


def _bcrypt(password: str) -> str:
    """Return a hash of the only kind that the registry accepts, made by the C library."""
    with warnings.catch_warnings():
        # The module is gone in Python 3.13; the tests run on 3.11.
        warnings.simplefilter("ignore", DeprecationWarning)
        import crypt
    return crypt.crypt(password, f"$2b$05${secrets.token_hex(11)}")
