"""The failures that a user of this step can meet, each told in one line."""


class PullDataError(Exception):
    """A failure whose message says what, where and what to do next.

    The exit code is 1 where the work failed and 2 where the call was wrong.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(fold(message))
        self.exit_code = exit_code


def fold(text: str) -> str:
    """Return the text on one line, as libraries may answer with several."""
    return " ".join(text.split())


def reason(error: BaseException) -> str:
    """Return why the operating system or a library refused, without its type and errno."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return fold(f"{error.strerror}{where}")
    return fold(str(error)) or type(error).__name__
