"""Addresses of servers, as they may be shown."""


def without_secrets(address: str) -> str:
    """An address without what can be a password, before the @, or a token, behind the ?."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
