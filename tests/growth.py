"""How work grows, counted in function calls: the same on every machine, however busy it is."""

import sys
from collections.abc import Callable
from types import FrameType


def calls_of(work: Callable[[], object]) -> int:
    """How many functions `work` calls, of Python and of C."""
    counted = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def grows_no_faster_than_its_input(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """Whether four times as many cost at most five times as many calls.

    `work(n)` prepares n; what it returns is counted.
    """
    work(size)()  # what is prepared once is not counted
    return calls_of(work(4 * size)) <= 5 * calls_of(work(size))
