"""Tables on a terminal: nothing is wider than the terminal, no word is cut that need not be, no value is lost."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.cli.tables import chopped, show_table, wrapped
from tests.terminal import cells

WIDTHS = (40, 80, 200)
WORDS = (
    "a",
    "access-key-1-rotated-45d",
    "日本語の説明",
    "é",
    "e\u0301x",
    "x" * 30,
    "Root/Prod/支払い",
    "=1+1",
    "한국어",
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    found: int = request.param
    as_terminal(monkeypatch, found)
    return found


def as_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))


def shown(
    capsys: pytest.CaptureFixture[str], columns: Sequence[str], rows: Sequence[Sequence[object]], *wrapping: str
) -> list[str]:
    capsys.readouterr()
    show_table(columns, rows, wrapping=wrapping)
    return [line.rstrip() for line in _COLOURS.sub("", capsys.readouterr().out).removesuffix("\n").split("\n")]


class TestWrapping:
    text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)

    @given(text, st.integers(2, 60), st.sampled_from(["", " ", "    "]), st.sampled_from(["", "  "]))
    @settings(max_examples=300, deadline=None)
    def test_lines_fit_and_hold_the_text(self, text: str, width: int, indent: str, further: str) -> None:
        lines = wrapped(indent + text, width + len(indent + further), further)
        assert all(cells(line) <= width + len(indent + further) for line in lines)
        assert all(line.startswith(indent) for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")

    @given(text, st.integers(30, 60))
    @settings(max_examples=300, deadline=None)
    def test_words_that_fit_a_line_are_whole(self, text: str, width: int) -> None:
        pieces = {word for line in wrapped(text, width) for word in line.split()}
        assert all(word in pieces for word in text.split() if word.isascii())

    def test_a_word_that_is_too_long_is_cut_or_sticks_out(self) -> None:
        assert wrapped("an " + "x" * 9, 4) == ["an", "xxxx", "xxxx", "x"]
        assert wrapped("an " + "x" * 9, 4, cuts=False) == ["an", "x" * 9]

    def test_chinese_is_broken_anywhere_but_not_latin_words_in_it(self) -> None:
        assert wrapped("支払いPayments支払い", 8) == ["支払い", "Payments", "支払い"]
        assert wrapped("支払い", 1) == ["支", "払", "い"], "narrower than a character is no endless loop"

    @given(text, st.integers(2, 60))
    @settings(deadline=None)
    def test_raw_text_is_cut_anywhere_and_nothing_of_it_is_lost(self, text: str, width: int) -> None:
        lines = list(chopped(f"  {text}", width + 2))
        assert all(cells(line) <= width + 2 for line in lines)
        assert "".join(line[2:] for line in lines) == text


class TestTables:
    def test_what_fits_stands_side_by_side(self, capsys: pytest.CaptureFixture[str], width: int) -> None:
        assert shown(capsys, ("n", "name"), [(1, "ann"), (20, None)]) == [" n  name", " 1  ann", "20"]

    def test_what_does_not_fit_is_shown_row_by_row(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_terminal(monkeypatch, 40)
        rows = [("ann", "a sentence that is longer than a line has room for"), (None, True)]
        assert shown(capsys, ("user", "reason"), rows) == [
            "-[ row 1 ]------------------------------",
            "user   | ann",
            "reason | a sentence that is longer than",
            "       | a line has room for",
            "-[ row 2 ]------------------------------",
            "user   |",
            "reason | true",
        ]

    def test_texts_of_named_columns_are_wrapped_at_blanks(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_terminal(monkeypatch, 40)
        rows = [("000000000001", "generate: ReportTimeout; fetch: AccessDenied")]
        assert shown(capsys, ("account", "why"), rows, "why") == [
            "account       why",
            "000000000001  generate: ReportTimeout;",
            "              fetch: AccessDenied",
        ]

    def test_a_word_that_does_not_fit_beside_its_name_stands_below_it(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_terminal(monkeypatch, 40)
        arn = "arn:aws:iam::000000000001:user/ann-b"
        assert shown(capsys, ("resource_arn", "status"), [(arn, "FAIL")])[1:] == [
            "resource_arn",
            f"  {arn}",
            "status       | FAIL",
        ]

    def test_lines_of_a_cell_stay_lines(self, capsys: pytest.CaptureFixture[str], width: int) -> None:
        rows = [(("root-mfa", "  credential-report"), "x"), (("other",), "y")]
        assert shown(capsys, ("control", "n"), rows) == [
            "control              n",
            "root-mfa             x",
            "  credential-report",
            "other                y",
        ]

    def test_harmful_characters_are_shown_and_do_nothing(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for columns in (40, 200):
            as_terminal(monkeypatch, columns)
            text = "\n".join(shown(capsys, ("a\x1b[2J", "b" * 30), [("x\x1b[31m\n\u202e", ("y\r", "z\t")), ("", "")]))
            assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
            assert "\ufffd[2J" in text

    cell = st.one_of(st.none(), st.integers(), st.booleans(), TestWrapping.text)

    @pytest.mark.parametrize("columns", WIDTHS)
    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_any_table_fits_and_shows_every_word(self, columns: int, data: st.DataObject) -> None:
        names = data.draw(st.lists(st.sampled_from(("id", "resource_name", "reason", "名前")), min_size=1, max_size=4))
        rows = data.draw(st.lists(st.tuples(*(self.cell for _ in names)), max_size=5))
        wrapping = data.draw(st.sets(st.sampled_from(names)))
        with pytest.MonkeyPatch.context() as patch:
            as_terminal(patch, columns)
            lines = self.printed(names, rows, wrapping)
        assert all(cells(line) <= columns for line in lines)
        text = "\n".join(lines)
        words = {w for row in rows for value in row if isinstance(value, str) for w in value.split() if w.isascii()}
        assert all(word in text for word in words)

    def printed(self, names: list[str], rows: list[tuple[object, ...]], wrapping: set[str]) -> list[str]:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            show_table(names, rows, wrapping=wrapping)
        return [line.rstrip() for line in _COLOURS.sub("", out.getvalue()).split("\n")]

    def test_in_a_pipe_a_table_is_as_wide_as_it_needs_to_be(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        monkeypatch.setenv("COLUMNS", "40")
        rows = [("x" * 300, "words " * 50)]
        assert shown(capsys, ("a", "b"), rows, "b") == [
            f"{'a':300}  b",
            f"{'x' * 300}  {('words ' * 50).rstrip()}",
        ]
