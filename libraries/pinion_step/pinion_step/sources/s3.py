"""S3 and its likes, with the credentials, region and endpoint that every AWS tool finds.

Its library is imported when it is called.
"""

import os
from functools import cached_property
from typing import TYPE_CHECKING

from pinion_step.errors import reason
from pinion_step.sources.source import ObjectSource
from pinion_step.sources.transfer import REPLACED, Patience, connection_failure, is_passing

if TYPE_CHECKING:
    from fsspec.spec import AbstractBufferedFile
    from s3fs import S3FileSystem

_ANONYMOUS = (
    "there is no access without credentials; set AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)
_NO_ACCESS = "these credentials do not give access; use others, or ask for access"
_DENIED = {"403", "AccessDenied", "AllAccessDisabled"}
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_PASSING = {"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown"}
_REFUSALS = {
    "NoSuchBucket": "there is no such bucket; check --source",
    "NoSuchKey": "there is no such object; check --source",
    "InvalidObjectState": "the object is archived; restore it first",
    "PreconditionFailed": REPLACED,
}


class S3:
    """A store; without any credentials it is asked anonymously, as public buckets allow."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._anonymous = False

    @cached_property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the library raises."""
        from botocore.exceptions import BotoCoreError, ClientError

        return (BotoCoreError, ClientError, OSError, ValueError, *self._lost)

    @cached_property
    def _lost(self) -> tuple[type[Exception], ...]:
        """What it raises if the connection is lost."""
        from aiohttp import ClientError
        from botocore.exceptions import ConnectionError as BotoConnectionError
        from botocore.exceptions import HTTPClientError
        from botocore.parsers import ResponseParserError
        from fsspec.exceptions import FSTimeoutError

        return (
            BotoConnectionError,
            HTTPClientError,
            ResponseParserError,
            FSTimeoutError,
            ClientError,
        )

    def open(self, source: ObjectSource) -> "AbstractBufferedFile":
        """Open an object; its ETag is asked for with each range."""
        path = f"{source.bucket}/{source.key}"
        try:
            return self.filesystem.open(path, cache_type="none")
        except OSError as error:
            if _code(error):
                # The answer to the HEAD that was sent has no body, and so no reason.
                self.filesystem.cat_file(path, start=0, end=1)
            raise

    def refusal(self, error: Exception) -> str:
        """Return what no further try can mend, and what to do about it, or nothing."""
        from botocore.exceptions import CredentialRetrievalError, NoRegionError, SSLError

        code = _code(error)
        if code:
            return self._refused_with(code)
        match error:
            case FileNotFoundError():
                return _REFUSALS["NoSuchKey"]
            case SSLError():
                return f"the server's certificate is not trusted: {reason(_inner(error))}"
            case _ if isinstance(error, self._lost):
                return ""
            case CredentialRetrievalError():
                # What the program or service said of it may hold a secret.
                return f"{error.kwargs['provider']} gives no credentials; check the AWS settings"
            case NoRegionError():
                return "no region is given; set AWS_REGION"
            case ValueError():
                return "the endpoint is not a URL; check AWS_ENDPOINT_URL"
        return f"the AWS settings do not work: {reason(error)}"

    def failure(self, error: Exception) -> str:
        """Return what another try may mend."""
        code = _code(error)
        if code:
            return f"the store answers {code}"
        return connection_failure(_inner(error), self._patience)

    def _refused_with(self, code: str) -> str:
        if code in _PASSING or code.isdecimal() and is_passing(int(code)):
            return ""
        if code in _DENIED:
            return _ANONYMOUS if self._anonymous else _NO_ACCESS
        if code in _BAD_CREDENTIALS:
            return f"the store rejects the credentials ({code}); renew or correct them"
        return _REFUSALS.get(code, f"the store answers {code}; check the address and the region")

    @cached_property
    def filesystem(self) -> "S3FileSystem":
        """The client, which asks for credentials when it is made."""
        from aiobotocore.config import AioConfig
        from aiobotocore.session import AioSession
        from fsspec.asyn import get_loop, sync
        from s3fs import S3FileSystem

        options = {
            "connect_timeout": self._patience.connect,
            "read_timeout": self._patience.silence,
            # We try again ourselves, so that the log says so.
            "retries": {"mode": "standard", "total_max_attempts": 1},
        }
        session = AioSession()
        # botocore itself reads AWS_DEFAULT_REGION alone.
        if region := os.environ.get("AWS_REGION"):
            session.set_config_variable("region", region)
        # For the services that hand out credentials, too.
        session.set_default_client_config(AioConfig(**options))
        self._anonymous = sync(get_loop(), session.get_credentials) is None
        filesystem = S3FileSystem(
            anon=self._anonymous,
            session=session,
            config_kwargs=options,
            skip_instance_cache=True,
            use_listings_cache=False,
        )
        filesystem.retries = 1
        return filesystem


def _code(error: BaseException) -> str:
    """Return how the store named the error that s3fs may have wrapped, or nothing."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Code", ""))
    return _code(error.__cause__) if error.__cause__ else ""


def _inner(error: Exception) -> BaseException:
    """Return the error of the connection behind one of botocore's."""
    from botocore.exceptions import BotoCoreError

    inner = error.kwargs.get("error") if isinstance(error, BotoCoreError) else None
    return inner if isinstance(inner, BaseException) else error
