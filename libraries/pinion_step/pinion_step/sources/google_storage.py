"""Google Cloud Storage, with the credentials that every Google tool finds.

Its library is imported when it is called.
"""

import os
from functools import cache, cached_property
from typing import TYPE_CHECKING

from pinion_step.errors import StepError, reason
from pinion_step.sources.source import ObjectSource
from pinion_step.sources.transfer import Patience, connection_failure, is_passing

if TYPE_CHECKING:
    from fsspec.spec import AbstractBufferedFile
    from gcsfs import GCSFileSystem

# Read at the import of gcsfs: its second client, of buckets of another kind, takes twice the time.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"


@cache
def _one_try() -> "type[GCSFileSystem]":
    """Return the file system without its six tries of half a minute: trying again is ours."""
    from gcsfs import GCSFileSystem
    from gcsfs.retry import retry_request

    class OneTry(GCSFileSystem):
        _request = retry_request(GCSFileSystem._request.__wrapped__, retries=1)

    return OneTry


class GoogleStorage:
    """A store; without any credentials it is asked anonymously, as public buckets allow."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._anonymous = False

    @cached_property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the library raises."""
        from aiohttp import ClientError
        from gcsfs.retry import HttpError, NonRetryableError
        from google.auth.exceptions import GoogleAuthError

        return (GoogleAuthError, HttpError, NonRetryableError, ClientError, OSError, ValueError)

    @cached_property
    def _passing(self) -> tuple[type[Exception], ...]:
        """What it raises if the connection is lost."""
        from aiohttp import ClientError
        from fsspec.exceptions import FSTimeoutError
        from google.auth.exceptions import TransportError
        from requests import RequestException

        return (TransportError, ClientError, RequestException, FSTimeoutError, TimeoutError)

    def open(self, source: ObjectSource) -> "AbstractBufferedFile":
        """Open an object at its newest generation, which never changes."""
        path = f"{source.bucket}/{source.key}"
        details = self.filesystem.info(path)
        if details.get("contentEncoding") == "gzip":
            raise StepError(
                f"{source.name}: stored with Content-Encoding: gzip, which the store unpacks during"
                " the download; store it as a plain .gz file"
            )
        if details["type"] == "file":
            path = f"{path}#{details['generation']}"
        return self.filesystem.open(path, cache_type="none", concurrency=1)

    def refusal(self, error: Exception) -> str:
        """Return what no further try can mend, and what to do about it, or nothing."""
        import aiohttp
        from gcsfs.retry import HttpError, NonRetryableError
        from google.auth.exceptions import GoogleAuthError

        match error:
            case FileNotFoundError():
                return "there is no such object, or no such bucket; check --source"
            case HttpError(code=int(code)):
                return self._refused_with(code)
            case OSError() if str(error).startswith("Forbidden"):  # gcsfs has no type for it
                return self._refused_with(403)
            case aiohttp.ClientSSLError():
                return f"the server's certificate is not trusted: {reason(error)}"
            case aiohttp.InvalidURL():
                return "the endpoint is not a URL; check STORAGE_EMULATOR_HOST"
            case _ if isinstance(error, self._passing):
                return ""
            case GoogleAuthError() | NonRetryableError():
                return f"the credentials do not work: {reason(error)}"
        return f"the store refuses the request: {reason(error)}"

    def failure(self, error: Exception) -> str:
        """Return what another try may mend."""
        from gcsfs.retry import HttpError
        from google.auth.exceptions import TransportError
        from requests.exceptions import ProxyError

        if isinstance(error, HttpError):
            return f"the store answers {error.code}"
        if isinstance(error, ProxyError):
            # What gcsfs makes of this answer.
            return "the store answers 502"
        if isinstance(error, TransportError):
            return "the server that gives out credentials cannot be reached"
        return connection_failure(error, self._patience)

    @cached_property
    def filesystem(self) -> "GCSFileSystem":
        """The client, which asks for credentials when it is made."""
        from aiohttp import ClientTimeout

        self._anonymous = _is_anonymous()
        timeout = ClientTimeout(
            total=None, sock_connect=self._patience.connect, sock_read=self._patience.silence
        )
        return _one_try()(
            token="anon" if self._anonymous else "google_default",
            access="read_only",
            requests_timeout=timeout,
            session_kwargs={"trust_env": True},
            version_aware=True,
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def _refused_with(self, status: int) -> str:
        if is_passing(status):
            return ""
        if status in (401, 403) and self._anonymous:
            return f"there is no access without credentials; set {_CREDENTIALS}"
        known = {
            401: f"the store rejects the credentials; check {_CREDENTIALS}",
            403: "these credentials do not give access; use others, or ask for access",
        }
        return known.get(status, f"the store answers {status}; check the address")


def _is_anonymous() -> bool:
    if os.environ.get(_CREDENTIALS):
        return False
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return True
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        google.auth.default()
    except DefaultCredentialsError:
        return True
    return False
