"""Parse references to registered models, as MLflow writes them.

They have the form `NAME`, `NAME@alias` or `NAME/VERSION`.
"""

import re
from dataclasses import dataclass

from pipelines.system.errors import UsageError

CHAMPION = "champion"
_REFERENCE = re.compile(
    r"(?:models:/)?(?P<name>[^/@:]+)(?:/(?P<version>[1-9]\d*)|@(?P<alias>[\w-]+))?"
)


@dataclass(frozen=True)
class ModelReference:
    """A model by its version or an alias; the default alias is `champion`."""

    name: str
    version: int | None = None
    alias: str = CHAMPION

    @classmethod
    def parse(cls, text: str) -> "ModelReference":
        """Parse a reference; raise `UsageError` if it is not one."""
        if match := _REFERENCE.fullmatch(text):
            version = int(match["version"]) if match["version"] else None
            return cls(match["name"], version, match["alias"] or CHAMPION)
        raise UsageError(f"{text!r} is not NAME, NAME@alias or NAME/VERSION of a registered model")

    def __str__(self) -> str:
        return f"{self.name}/{self.version}" if self.version else f"{self.name}@{self.alias}"
