"""Read the credentials that `docker login` stored, from Docker's own credential store."""

from dataclasses import dataclass

from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Credentials:
    """A user name and password, or a token in place of both; all empty for anonymous access."""

    username: str = ""
    password: str = ""
    identity_token: str = ""


def credentials(host: str) -> Credentials:
    """Return a registry's login from Docker's configuration and its credential helpers."""
    from docker.auth import load_config
    from docker.errors import DockerException

    try:
        found = load_config().resolve_authconfig(host) or {}
        # config.json and the credential helpers spell the names differently.
        return Credentials(
            found.get("username") or found.get("Username") or "",
            found.get("password") or found.get("Password") or "",
            found.get("identitytoken") or found.get("IdentityToken") or "",
        )
    # The library assumes that the file holds what Docker would write there.
    except (DockerException, ValueError, TypeError, AttributeError, OSError) as error:
        raise PinionError(
            f"cannot read the login for {host} from Docker's configuration ({error});"
            f" run: docker login {host}"
        ) from error
