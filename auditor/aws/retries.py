"""How often a call is tried again, and what an account may cost by that."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter

from auditor.aws.called import CalledOperation
from auditor.aws.faults import Fault, is_answer, is_overload, is_passing, is_throttle, is_timeout
from auditor.aws.pace import Pace

# How often one call may meet each kind of trouble.
_OVERLOADS = 12  # 503
_ERRORS = 8  # other errors of the service
_BROKEN = 5  # connections that break or do not come about
_TIMEOUTS = 3  # a host that does not answer costs a read timeout each time
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 20.0  # seconds
_LONGEST_THROTTLED = 5.0  # seconds; the pace spaces the calls of whoever is throttled
_ACCOUNT_RETRIES = 40
_COMMON_PATIENCE = 900.0  # seconds of throttling; no time limit of an account ends calls about no single account
# Of one account that is throttled: seconds between two calls to begin with, and what a success leaves of them. It has
# few calls to make, so it tries more slowly than all accounts together whether more are served.
_FIRST_GAP, _RECOVERY = 0.05, 0.9


class Budget:
    """How many retries one account may still cost; ``account_id`` is empty for calls about no single account.

    Each call that is answered earns one more, so an account of many calls has more. Being asked to slow down costs
    nothing: it makes the account slower, service by service.
    """

    def __init__(self, account_id: str = "", retries: int = _ACCOUNT_RETRIES) -> None:
        self.account_id, self.left = account_id, retries
        self._paces: dict[tuple[str, str], Pace] = {}

    def pace(self, called: CalledOperation) -> Pace | None:
        """How the account's calls of the service in the region are spaced; None while they need not be."""
        return self._paces.get((called.service, called.region))

    def slow_down(self, called: CalledOperation) -> None:
        """Space the account's calls of the service in the region, or space them more."""
        self._paces.setdefault((called.service, called.region), Pace(_FIRST_GAP, _RECOVERY)).throttled()


class Retries:
    """The tries of one call. Each kind of trouble is counted by itself: a 500 does not use up a broken connection."""

    def __init__(self, budget: Budget, jitter: random.Random) -> None:
        self._budget, self._jitter = budget, jitter
        self._failures: Counter[int] = Counter()
        self._throttled_since: float | None = None
        self.attempt = 1

    def pause_after(self, error: Fault) -> float | None:
        """Seconds until the next try, None where there is to be none."""
        if not self._is_worthwhile(error):
            return None
        longest = _LONGEST_THROTTLED if is_throttle(error) else _LONGEST_PAUSE
        bound = min(longest, _FIRST_PAUSE * 2 ** min(self.attempt, 10))
        self.attempt += 1
        return self._jitter.uniform(0, bound)  # full jitter: anything from nothing to a bound that doubles

    def _is_worthwhile(self, error: Fault) -> bool:
        if is_throttle(error):
            return self._has_patience()
        limit = _limit(error)
        self._failures[limit] += 1
        if not is_passing(error) or self._failures[limit] >= limit:
            return False
        if not is_overload(error):
            if self._budget.left <= 0:
                return False
            self._budget.left -= 1
        return True

    def _has_patience(self) -> bool:
        """An account's own time limit ends its calls; all others have one here."""
        now = asyncio.get_running_loop().time()
        self._throttled_since = now if self._throttled_since is None else self._throttled_since
        return now - self._throttled_since < (math.inf if self._budget.account_id else _COMMON_PATIENCE)


def _limit(error: Fault) -> int:
    if is_answer(error):
        return _OVERLOADS if is_overload(error) else _ERRORS
    return _TIMEOUTS if is_timeout(error) else _BROKEN
