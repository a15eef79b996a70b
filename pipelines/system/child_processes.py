"""Processes that do not outlive their parent, even if the parent is killed."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent(sign: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its parent ends; call it between fork and exec.

    The kernel watches the thread that started the process, so that thread must wait for it. Linux
    only.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, sign)
