"""Why a server could not be reached, in a few words."""

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
    """What an error of requests or urllib3 comes to, without the addresses and objects in it."""
    text = str(error)
    return next((said for sign, said in _KNOWN.items() if sign in text), text)
