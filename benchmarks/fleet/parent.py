"""Ending with whoever started one, also when nobody could tell it."""

import ctypes
import signal
import sys

_SET_DEATH_SIGNAL = 1


def end_with_parent(number: int = signal.SIGKILL) -> None:
    """Let Linux send this process a signal when the one that started it is over; elsewhere do nothing.

    PR_SET_PDEATHSIG: man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, number)
