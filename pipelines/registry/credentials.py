"""Who asks a registry: what `docker login` stored, in Docker's own credential store."""

from dataclasses import dataclass

from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Credentials:
    """A user and password, or a token that stands for both; all empty for nobody in particular."""

    username: str = ""
    password: str = ""
    identity_token: str = ""


def credentials(host: str) -> Credentials:
    """What Docker's configuration holds for a registry; its credential helpers are asked too."""
    from docker.auth import load_config
    from docker.errors import DockerException

    try:
        found = load_config().resolve_authconfig(host) or {}
        # The store's names are those of two formats: of config.json and of the helpers.
        return Credentials(
            found.get("username") or found.get("Username") or "",
            found.get("password") or found.get("Password") or "",
            found.get("identitytoken") or found.get("IdentityToken") or "",
        )
    # The library takes for granted that the file holds what Docker would write there.
    except (DockerException, ValueError, TypeError, AttributeError, OSError) as error:
        raise PinionError(
            f"Docker's configuration has no login for {host} that can be read ({error});"
            f" run: docker login {host}"
        ) from error
