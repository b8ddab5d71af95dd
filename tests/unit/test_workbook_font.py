"""The widths of characters, beside those of the font itself, and how text is broken into lines."""

from __future__ import annotations

import random

import numpy as np
import pytest

from auditor.report.workbook.font import line_counts, text_widths
from tests.fitting import lines_of, width_of
from tests.font_widths import FILES, TABLE, table


def test_the_table_is_that_of_the_font() -> None:
    if not all(path.exists() for path in FILES.values()):
        pytest.skip("NOT TESTED: Carlito is missing (install fonts-crosextra-carlito)")
    assert TABLE.read_text(encoding="utf-8") == table()


@pytest.mark.parametrize(
    ("text", "bold", "ems"),
    [
        ("", False, 0.0),
        ("0", False, 1038 / 2048),  # as in Calibri
        ("0123456789", True, 10 * 1038 / 2048),
        ("Wil", False, (1822 + 470 + 470) / 2048),
        ("é", False, 1019 / 2048),
        ("漢字", False, 2.0),
        ("✘", False, 1.0),
        ("مر", False, 1.5),
        ("\U0001f680", False, 1.4),
    ],
)
def test_widths(text: str, bold: bool, ems: float) -> None:
    (found,) = text_widths([text], 10, bold)
    assert found == pytest.approx(10 * ems, abs=0.01)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 1),
        ("word", 1),
        ("a\nb", 2),
        ("a\n", 2),
        ("\n\n", 3),
        ("0123456789 0123456789", 2),
        ("0123456789 ", 1),  # the blank at the end takes no room
        ("access-rotated", 2),  # behind the hyphen
        ("0123-45678901", 2),  # broken where the line is full: a number is not divided behind a hyphen
        ("x" * 100, 10),
        ("01 0123456789012345", 3),  # a word that is wider than the line begins a line of its own
        ("漢" * 10, 2),
    ],
)
def test_lines(text: str, lines: int) -> None:
    assert line_counts([text], 51.0, 10).tolist() == [lines]


def test_many_texts_are_measured_as_each_alone() -> None:
    rolls = random.Random(7)
    pieces = ["word", "a", "access-key", "12-34", "  ", " ", "\n", "漢字", "é", "W" * 30, "\U0001f680", "-", ""]
    texts = ["".join(rolls.choices(pieces, k=rolls.randrange(12))) for _ in range(1_000)]
    widths = text_widths(texts, 10, True)
    assert np.allclose(widths, [width_of(text.replace("\n", ""), 10, True) for text in texts], atol=0.05)
    for width in (12.0, 60.0, 500.0):
        assert line_counts(texts, width, 10).tolist() == [int(line_counts([text], width, 10)[0]) for text in texts]


def test_no_text_takes_more_lines_than_counted() -> None:
    """Beside a plain program that places word after word."""
    rolls = random.Random(11)
    letters = "abcWil -./:,0123456789éü漢"
    texts = ["".join(rolls.choices(letters, k=rolls.randrange(80))) for _ in range(1_000)]
    for width in (30.0, 75.0, 200.0):
        counted = line_counts(texts, width, 10)
        plain = [lines_of(text, width, 10, False) for text in texts]
        assert [t for t, mine, other in zip(texts, counted, plain, strict=True) if mine < other] == []
        assert sum(counted) <= 1.02 * sum(plain)
