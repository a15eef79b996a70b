"""Post messages to a webhook, whose address is a secret."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from pipelines.system.connections import cause
from pipelines.system.errors import PinionError, UsageError

SETTING = "PINION_WEBHOOK"
# Seconds to connect, and to wait for an answer.
_SECONDS = (5, 20)


def webhook_address() -> str:
    """Return the address from the environment; raise `UsageError`, without it, if it is not one."""
    address = os.environ.get(SETTING, "").strip()
    if not address:
        raise UsageError(f"--webhook needs the address to post to in {SETTING}, which is not set")
    try:
        parts = urlsplit(address)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"{SETTING} is not an address that begins with https:// or http://")
    return address


def post(address: str, text: str, fields: Mapping[str, Any]) -> None:
    """Post a message in Slack's form, with fields beside its text for other programs.

    Raises `PinionError`, which never has the address in it.
    """
    try:
        answer = requests.post(
            address,
            json={"text": _escaped(text), **fields},
            timeout=_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        told = cause(error)
        # What is not known may contain the address.
        why = told if told != str(error) else type(error).__name__
        raise PinionError(f"the webhook in {SETTING} cannot be reached ({why})") from None
    if not 200 <= answer.status_code < 300:
        raise PinionError(
            f"the webhook in {SETTING} answered {answer.status_code}; is the address still valid?"
        )


def _escaped(text: str) -> str:
    """Return a text in which Slack finds no links or mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
