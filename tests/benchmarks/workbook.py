"""The big sheets of the workbook beside plain openpyxl on the same rows, and how much memory many rows take."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.child import Figures, measured
from tests.benchmarks.table import Row

_ROWS, _TIMES = 100_000, 6
_MANY_ROWS, _MOST_MIB = 500_000, 400
_MORE_THAN_A_SHEET = 1_200_000


def rows() -> Iterator[Row]:
    for sheet in ("population", "exceptions"):
        ours = measured("sheets.ours", sheet=sheet, rows=_ROWS)
        plain = measured("sheets.plain", sheet=sheet, rows=_ROWS)
        times = plain["seconds"] / ours["seconds"]
        what = f"{sheet.title()}, {_ROWS:,} rows x {ours['columns']} columns, plain openpyxl beside it"
        told = f"{ours['seconds']:.1f} s CPU, {plain['seconds']:.1f} s = {times:.1f} x ours"
        reached = times >= _TIMES and ours["columns"] == plain["columns"]
        yield Row(what, told, f">= {_TIMES} x ours", reached, {"ours": ours, "plain": plain, "ratio": times})
    for sheet in ("population", "exceptions"):
        many = measured("sheets.ours", sheet=sheet, rows=_MANY_ROWS)
        what = f"{sheet.title()}, {_MANY_ROWS:,} rows"
        yield Row(what, _told(many), f"<= {_MOST_MIB} MiB", many["peak_mib"] <= _MOST_MIB, many)
    whole = measured("sheets.read_back", rows=_MORE_THAN_A_SHEET)
    told = f"{_told(whole)}; {' + '.join(f'{n:,}' for n in whole['read'])} rows read back, {whole['wrong']} wrong"
    reached = sum(whole["read"]) == _MORE_THAN_A_SHEET and not whole["wrong"]
    yield Row(f"Population, {_MORE_THAN_A_SHEET:,} rows", told, "all read back", reached, whole)


def _told(figures: Figures) -> str:
    return f"{figures['seconds']:.1f} s CPU, {figures['peak_mib']} MiB"
