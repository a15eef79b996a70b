"""Addresses of servers in a form that may be shown."""


def without_secrets(address: str) -> str:
    """Return an address without a password (before the @) and without a query, e.g. a token."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
