"""The id of a finding: the same in every snapshot, and in none the same as another's.

It is ``f-`` and the first 20 hexadecimal digits of the SHA-256 of five lines of UTF-8: organization id, account id,
control id, credential, resource. The resource is its ARN, or its name where it has no ARN; what a finding leaves empty
is an empty line. The resource is last since it alone could hold a line end. So that anybody can check an id::

    printf '%s\\n%s\\n%s\\n%s\\n%s' o-a1b2c3 012345678901 console-user-mfa '' \\
        arn:PARTITION:iam::012345678901:user/ann | sha256sum

Two findings of a million have the same id with odds below one in 10^12. The ``f-`` keeps spreadsheets from taking
digits for a number. In a redacted report the ARN is one with a pseudonym, so the id tells nothing of the name to
whoever lacks the key, and sets that were redacted with the same key have the same ids.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_TEXT = pa.large_string()
_BLOCK_ROWS = 200_000
_PREFIX, _BYTES = "f-", 10


def finding_id(organization_id: str, account_id: str, control_id: str, credential: str, resource: str) -> str:
    """The id of one finding."""
    return _id("\n".join((organization_id, account_id, control_id, credential, resource)).encode())


def finding_ids(findings: pd.DataFrame, organization_id: str) -> pd.Series:
    """The id of each row of a findings frame (``schema.FINDINGS``)."""
    blocks = range(0, len(findings), _BLOCK_ROWS)
    found = [_ids(findings.iloc[start : start + _BLOCK_ROWS], organization_id) for start in blocks]
    texts = pa.chunked_array(found, _TEXT).to_pandas().astype("str")
    return pd.Series(texts.array, index=findings.index)


def _ids(findings: pd.DataFrame, organization_id: str) -> Any:
    parts = [_texts(findings[name]) for name in ("account_id", "control_id", "credential")]
    arns, names = _texts(findings["resource_arn"]), _texts(findings["resource_name"])
    resources = pc.if_else(pc.equal(arns, ""), names, arns)
    lines = pc.binary_join_element_wise(pa.scalar(organization_id, _TEXT), *parts, resources, pa.scalar("\n", _TEXT))
    _, offsets, values = lines.buffers()
    ends = memoryview(offsets).cast("q")[lines.offset : lines.offset + len(lines) + 1].tolist()
    content = memoryview(values)
    digests = b"".join([sha256(content[start:end]).digest()[:_BYTES] for start, end in pairwise(ends)])
    return _written(digests, len(lines))


def _written(digests: bytes, count: int) -> Any:
    """The texts of ``count`` digests, all at once."""
    width = len(_PREFIX) + 2 * _BYTES
    letters = np.empty((count, width), dtype=np.uint8)
    letters[:, : len(_PREFIX)] = np.frombuffer(_PREFIX.encode(), dtype=np.uint8)
    letters[:, len(_PREFIX) :] = np.frombuffer(digests.hex().encode(), dtype=np.uint8).reshape(count, 2 * _BYTES)
    ends = pa.py_buffer(np.arange(0, (count + 1) * width, width, dtype=np.int64))
    return pa.LargeStringArray.from_buffers(count, ends, pa.py_buffer(letters))


def _texts(column: pd.Series) -> Any:
    array = pa.array(column, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(_TEXT).fill_null("")


def _id(content: bytes) -> str:
    return _PREFIX + sha256(content).digest()[:_BYTES].hex()
