"""A kind's declaration held against botocore's own service models, which nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.exceptions
import botocore.session
from botocore.model import MapShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

from auditor.kinds.declaration import Call, Column, Kind, RowPerItem, RowPerOwner
from auditor.store.evidence import Answer, Document

OWNER = "123456789012"
_TEXT = "some text"  # long enough for every parameter that takes an id
_TYPES = {
    "str": ("string", "timestamp"),
    "Int64": ("integer", "long"),
    "boolean": ("boolean",),
    "datetime64[us, UTC]": ("timestamp",),
}
_DOCUMENT = '{"Version": "2012-10-17", "Statement": []}'
# What a filled response holds under some names, where any text of the right type would not be read at all.
_VALUES: Mapping[str, Any] = {
    "Arn": f"arn:aws:iam::{OWNER}:root",
    "IsTruncated": False,
    "Content": _DOCUMENT,
    "PolicyDocument": _DOCUMENT,
    "AssumeRolePolicyDocument": _DOCUMENT,
    "Document": _DOCUMENT,
    "SerialNumber": f"arn:aws:iam::{OWNER}:mfa/device",
}
_PREFERRED = {"running", "ACTIVE", "Active"}


class Structure(dict[str, Any]):
    """An object with all members that AWS may give; to read another is a mistake.

    ``elsewhere``: members of the responses to other calls, in which code may look for a list as well.
    """

    elsewhere: frozenset[str] = frozenset()

    def get(self, name: str, default: Any = None) -> Any:
        return default if name in self.elsewhere and name not in self else self[name]

    def __missing__(self, name: str) -> Any:
        raise AssertionError(f"reads {name!r}, which is none of {', '.join(self)}")


def problems(kind: Kind) -> list[str]:
    """What AWS does not know of all that the kind declares or reads; nothing where all is right."""
    return [*(problem for call in kind.calls for problem in _of_call(kind, call)), *_of_tables(kind), *_of_rows(kind)]


def _of_call(kind: Kind, call: Call) -> Iterator[str]:
    model = operation_of(call)
    if model is None:
        yield f"{call.action}: there is no such operation of {call.client!r}"
        return
    if call.items and not _is_list(model.output_shape, call.items):
        yield f"{call.action}: its response has no list {call.items!r}"
    if call.for_each and not any(
        _has_member(_item(earlier, call.for_each.items), call.for_each.member) for earlier in kind.calls
    ):
        yield f"{call.action}: no call lists items {call.for_each.items!r} with {call.for_each.member!r}"
    probe = call.probe
    about = {name: _TEXT for name in (probe.caller_in, probe.root_in) if name}
    sent = {call.for_each.parameter: _TEXT} if call.for_each else about
    for parameters in (sent | dict(call.parameters), about | dict(probe.parameters)):
        yield from (f"{call.action}: {problem}" for problem in _wrong_parameters(model, parameters))
    declared = {shape.error_code for shape in model.error_shapes} | {shape.name for shape in model.error_shapes}
    for code in {*call.answers, *probe.harmless} - declared:
        yield f"{call.action}: it answers no error {code!r}"


def _of_tables(kind: Kind) -> Iterator[str]:
    calls = {call.action: call for call in kind.calls}
    for table in kind.tables:
        source = table.source
        if source is None:
            yield from (f"{c.name}: a path leads nowhere without a source" for c in table.columns if c.path)
            continue
        if source.action not in calls:
            yield f"{source.action}: rows are made of a call that is none of the kind's"
            continue
        shape = _source_shape(calls[source.action], source)
        if shape is None:
            yield f"{source.action}: its response has no {source}"
            continue
        for column in table.columns:
            if column.path:
                yield from _of_column(shape, column)
        names = source.members if isinstance(source, RowPerItem) else ()
        yield from (f"{source.action}: an item has no {n!r}" for n in names if n and not _has_member(shape, n))


def _of_column(shape: Shape, column: Column) -> Iterator[str]:
    found: Shape | None = shape
    for name in column.path.split("."):
        found = _member(found, name)
    if found is None:
        yield f"{column.name}: there is no {column.path!r}"
    elif not column.convert and found.type_name not in _TYPES[column.dtype]:
        yield f"{column.name}: {column.path!r} is a {found.type_name} and no {column.dtype}"


def _of_rows(kind: Kind) -> Iterator[str]:
    """Whether the code that makes rows reads members only that AWS gives, and makes any."""
    if not kind.tables:
        return
    try:
        rows = {unit: list(found) for unit, found in kind.rows_of(OWNER, filled(kind)).items()}
    except (AssertionError, AttributeError, LookupError, TypeError) as error:
        yield f"its rows: {error}"
        return
    for table in kind.tables:
        if not rows.get(table.unit):
            yield f"its rows: a full response gives no row of the unit {table.unit}"
        for row in rows.get(table.unit, []):
            unknown = set(row) - {*table.dtypes, "account_id", "name", "arn", "resource", "line"}
            yield from (f"its rows: {name!r} is no column" for name in sorted(unknown))


def operation_of(call: Call) -> OperationModel | None:
    """The model of the call's operation; None where its client has no such operation."""
    return _operation(call.client, call.operation)


@cache
def _operation(client: str, name: str) -> OperationModel | None:
    try:
        service = botocore.session.get_session().get_service_model(client)
        return service.operation_model(name) if name in service.operation_names else None
    except botocore.exceptions.UnknownServiceError:
        return None


def filled(kind: Kind) -> Document:
    """A response to each call in which every member that AWS may give is there."""
    answers = []
    for line, call in enumerate(kind.calls, start=2):
        if model := operation_of(call):
            parameters = dict(call.parameters) | ({call.for_each.parameter: _TEXT} if call.for_each else {})
            response = _value(model.output_shape, "")
            answers.append(Answer(call.action, response, parameters=parameters, region="eu-west-1", line=line))
    everywhere = frozenset(name for answer in answers for name in answer.response or ())
    for answer in answers:
        answer.response.elsewhere = everywhere  # type: ignore[union-attr]
    return Document(kind.name, tuple(answers))


def _value(shape: Shape, name: str) -> Any:
    if name in _VALUES:
        return _VALUES[name]
    if isinstance(shape, StructureShape):
        return Structure({member: _value(inner, member) for member, inner in shape.members.items()})
    if shape.type_name == "list":
        return [_value(shape.member, "")]
    if isinstance(shape, MapShape):
        return Structure({key: _value(shape.value, "") for key in getattr(shape.key, "enum", None) or [_TEXT]})
    plain = {"boolean": True, "integer": 1, "long": 1, "timestamp": "2026-11-24T10:15:00+00:00"}
    enum = getattr(shape, "enum", None) or [_TEXT]
    return plain.get(shape.type_name, next((value for value in enum if value in _PREFERRED), enum[0]))


def _wrong_parameters(model: OperationModel, parameters: Mapping[str, Any]) -> list[str]:
    if model.input_shape is None:
        return [f"it takes no parameters, not even {', '.join(parameters)}"] if parameters else []
    report = ParamValidator().validate(parameters, model.input_shape)
    return [report.generate_report()] if report.has_errors() else []


def _source_shape(call: Call, source: RowPerItem | RowPerOwner) -> Shape | None:
    """The shape of what one row is made of."""
    if isinstance(source, RowPerItem):
        return _item(call, source.items)
    model = operation_of(call)
    return _member(model.output_shape, source.member) if model else None


def _item(call: Call, items: str) -> Shape | None:
    """The shape of an item of a list in the response; None where there is no such list."""
    model = operation_of(call)
    return _member(model.output_shape, items).member if model and _is_list(model.output_shape, items) else None


def _is_list(shape: Shape | None, name: str) -> bool:
    found = _member(shape, name)
    return found is not None and found.type_name == "list"


def _has_member(shape: Shape | None, name: str) -> bool:
    return _member(shape, name) is not None


def _member(shape: Shape | None, name: str) -> Any:
    if isinstance(shape, StructureShape):
        return shape.members.get(name)
    if isinstance(shape, MapShape):
        return shape.value if name in (getattr(shape.key, "enum", None) or [name]) else None
    return None
