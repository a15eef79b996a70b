"""The log of train, on stderr."""

from pinion_step.console import log as write

_LONGEST_LINE = 600


def log(message: object) -> None:
    """Write one line, shortened because the message of a library may be very long."""
    write("train", message, _LONGEST_LINE)
