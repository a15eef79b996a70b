"""The failures that a user can cause or mend."""

OK = 0
FAILED = 1
WRONG_CALL = 2


class RegisterError(Exception):
    """An expected failure: one line saying what, where, the given value and what to do next.

    `exit_code` is FAILED where the work failed, WRONG_CALL where a flag's value was wrong.
    """

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code
