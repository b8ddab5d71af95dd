"""Two hundred accounts with every kind of evidence: how many calls an account takes, and how long judging does.

Five calls are made in every account: account summary, password policy, authorization details (more where there are
more than a thousand items) and the two contacts. What the summary or the report tells of costs a call each, which no
other answers: virtual MFA devices where root has MFA, server certificates, SAML and OpenID Connect providers (one where
all are of one kind), and the keys of every user of whom the report tells of more. An account that has all of them, and
one such user, takes ten: more than the limit, which is one for every account.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from statistics import mean

from tests.benchmarks.box import boxed
from tests.benchmarks.child import measured
from tests.benchmarks.table import Row

_ACCOUNTS, _USERS = 200, 25
_BENCHMARKS = ["aws-iam-rules", "cis-aws-7.0.0", "cis-aws-1.2.0"]
_ROLE_AND_REPORT = 3  # AssumeRole, generate, fetch
_MOST_CALLS, _MOST_SECONDS = 8, 20


def rows() -> Iterator[Row]:
    """One collection, then its evidence judged in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, boxed(_ACCOUNTS, _USERS, short_pages_every=0) as box:
        given = {"as_of": box.as_of, "benchmark": _BENCHMARKS}
        collected = measured("cases.full_evidence", box.environment, folder=folder, **given)
        calls = list(collected["calls"].values())
        more = [count - _ROLE_AND_REPORT for count in calls]
        within = sum(count <= _MOST_CALLS for count in more) / len(more)
        told = f"mean {mean(more):.2f}, {within:.0%} of the accounts within {_MOST_CALLS}, most {max(more)}"
        told += f"; with the role and the report mean {mean(calls):.2f}"
        counts: dict[str, int] = collected["operations"]
        operations = sorted(counts.items(), key=lambda item: -item[1])
        what = f"full evidence of {len(calls)} accounts x {_USERS} users: calls an account besides the role, the report"
        what += " and the regional ones"
        by_calls = sorted(Counter(more).items())
        figures = {"operations": operations, "accounts_by_calls": by_calls, "run": collected["run"]}
        yield Row(what, told, f"<= {_MOST_CALLS} in every account", max(more) <= _MOST_CALLS, figures)
        judged = measured("cases.full_judging", snapshot=collected["snapshot"], benchmarks=_BENCHMARKS)
        told = f"{judged['seconds']:.1f} s, {judged['peak_mib']} MiB; {judged['findings']:,} findings"
        what = f"judge {len(calls)} accounts with full evidence by {', '.join(_BENCHMARKS)}"
        yield Row(what, told, f"<= {_MOST_SECONDS} s", judged["seconds"] <= _MOST_SECONDS, judged)
