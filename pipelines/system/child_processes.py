"""Processes that do not outlive the one that started them, not even if that is killed."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent(sign: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel for a signal to this process when its parent ends; between fork and exec.

    What counts is the thread that started it, which has to wait for it. Linux only, as images are.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, sign)
