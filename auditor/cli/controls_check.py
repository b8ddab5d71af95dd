"""The check of a folder of one's own: all of it is read strictly, and the examples of its controls are judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from auditor.catalog import Control, load_catalog
from auditor.catalog.examples import Example
from auditor.catalog.reading import read_controls
from auditor.cli.tables import show_sentence
from auditor.errors import CatalogError
from auditor.yaml_file import Place


@click.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """Check the controls, benchmarks, crosswalks, parameters and queries of DIR, without a snapshot.

    The examples of each control are judged by every engine that can judge it. Exit code 2 when something is wrong.
    """
    catalog = load_catalog(None, folder)
    _check_queries(folder)
    problems: list[str] = []
    for control, place in read_controls(folder).values():
        shown = catalog.control(control.id)
        _refuse_unknown_rule(shown, place)
        wrong = [f"{place.at(['examples', n])}: control {control.id!r}: {text}" for n, text in _wrong_examples(shown)]
        problems += wrong
        if not wrong:
            show_sentence(f"{control.id}: {_what_decides(control)}, {_counted(len(control.examples))}")
    if problems:
        raise CatalogError("\n".join(problems))
    show_sentence(f"{folder}: no errors")


def _refuse_unknown_rule(control: Control, place: Place) -> None:
    """CatalogError for a check or a rule that the program does not have."""
    from auditor.reperform.sql_rules import rule_of

    try:
        rule_of(control)
    except CatalogError as error:
        raise CatalogError(f"{place}: {error}") from error


def _what_decides(control: Control) -> str:
    if control.table is not None:
        return f"SQL over {control.table}"
    return "decided by a person" if control.decided_by == "person" else f"predicate {control.check}"


def _counted(number: int) -> str:
    if not number:
        return "no examples"
    return f"{number} {'example' if number == 1 else 'examples'} as expected"


def _wrong_examples(control: Control) -> Iterator[tuple[int, str]]:
    """The place of each example that does not lead to its verdict, with a sentence."""
    for number, example in enumerate(control.examples):
        try:
            found = _verdicts(control, example)
        except KeyError as error:
            yield number, f"the example {example.about!r} names the column {error}, which its rows do not have"
            continue
        except (ValueError, TypeError, AttributeError) as error:  # what a predicate needs was not given
            yield number, f"the example {example.about!r} cannot be judged: {error}"
            continue
        for engine, status in found.items():
            if status != example.verdict.value:
                yield number, f"the example {example.about!r} must be {example.verdict}, but the {engine} says {status}"


def _verdicts(control: Control, example: Example) -> dict[str, str]:
    from auditor.judge.examples import verdict_of
    from auditor.reperform.examples import second_verdicts

    return {"first engine": verdict_of(control, example).value, **second_verdicts(control, example)}


def _check_queries(folder: Path) -> None:
    import duckdb

    for path in sorted((folder / "queries").glob("*.sql")):
        try:
            statements = duckdb.extract_statements(path.read_text(encoding="utf-8"))
        except (duckdb.Error, OSError, UnicodeDecodeError) as error:
            raise CatalogError(f"{path}: not a query: {str(error).splitlines()[0]}") from error
        if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
            raise CatalogError(f"{path}: a query must be one statement that selects")
        show_sentence(f"{path.stem}: a query")
