"""Describe in a few words why a server could not be reached."""


def without_secrets(address: str) -> str:
    """Return an address without a password (before the @) and without a query, e.g. a token."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


_KNOWN = {
    "refused": "connection refused",
    "resolve": "no such host",
    "timed out": "no answer in time",
    "certificate verify failed": "its certificate is not trusted",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "record layer failure": "it does not speak TLS",
    "Connection aborted": "it dropped the connection",
    "Connection broken": "it dropped the connection",
    "IncompleteRead": "it dropped the connection",
    "reset by peer": "it dropped the connection",
}


def cause(error: Exception) -> str:
    """Return the cause of a requests or urllib3 error, without the addresses and objects in it."""
    text = str(error)
    return next((reason for sign, reason in _KNOWN.items() if sign in text), text)
