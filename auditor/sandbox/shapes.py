"""Wire formats from the service models that botocore ships: requests are read and answers are written by them.

This is the box's only import of botocore, and of its data alone: an answer that AWS could not give fails at once, and
no XML or JSON is written by hand. Nothing of the product is shared by it.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

Write = Callable[[Any], str]
_MARKUP = re.compile(r"[&<>\r]")
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_PLAIN = {"string": str, "boolean": bool, "integer": int, "long": int, "double": float, "float": float}
_ADDITIONS = Path(__file__).parent / "models"
"""What newer answers of AWS have, and the models of botocore do not know yet."""
_LOADER = Loader(extra_search_paths=[str(_ADDITIONS)])


class ShapeError(Exception):
    """The box said something that the service model does not know."""


class Written(str):
    """An item of a list in XML that was written before, by ``written_item``."""


@cache
def service_model(client: str) -> Any:
    """The model of a service by the name that botocore has for its client."""
    return ServiceModel(_LOADER.load_service_model(client, "service-2"), client)


@cache
def operation_model(client: str, operation: str) -> Any:
    return service_model(client).operation_model(operation)


@cache
def operation_at(client: str, method: str, path: str) -> str:
    """The operation that a REST service has at a path, or the path itself where it has none."""
    model = service_model(client)
    for name in model.operation_names:
        http = operation_model(client, name).http
        if (http["method"], http["requestUri"].rstrip("/")) == (method, path.rstrip("/")):
            return str(name)
    return path


def is_version(client: str, version: str) -> bool:
    """Whether this is the version of the service's API, found without loading its model."""
    return version in _LOADER.list_api_versions(client, "service-2")


# --- Requests ---


def read_parameters(operation: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a call with their types; raises ValueError where one is not of its type."""
    shape, protocol = operation.input_shape, operation.service_model.metadata["protocol"]
    if shape is None:
        return {}
    if protocol == "json":
        return dict(given)
    if protocol == "rest-json":
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        return {names[key]: _scalar(shape.members[names[key]], v) for key, v in given.items() if key in names}
    return dict(_from_form(shape, given, "", protocol == "ec2"))


def _from_form(shape: Any, form: Mapping[str, str], key: str, is_ec2: bool) -> Any:
    """The value at a key like ``Filters.member.1``; of a structure, whatever was given of it."""
    if shape.type_name == "structure":
        start = f"{key}." if key else ""
        keys = {name: start + _form_name(name, member, is_ec2) for name, member in shape.members.items()}
        given = {name: full for name, full in keys.items() if _is_given(form, full)}
        return {name: _from_form(shape.members[name], form, full, is_ec2) for name, full in given.items()}
    if shape.type_name == "list":
        is_bare = is_ec2 or shape.serialization.get("flattened")
        start = key if is_bare else f"{key}.{shape.member.serialization.get('name', 'member')}"
        keys_of_items = (f"{start}.{number}" for number in itertools.count(1))
        full_keys = itertools.takewhile(lambda full: _is_given(form, full), keys_of_items)
        return [_from_form(shape.member, form, full, is_ec2) for full in full_keys]
    return _scalar(shape, form[key])


def _form_name(name: str, shape: Any, is_ec2: bool) -> str:
    plain = str(shape.serialization.get("name", name))
    return str(shape.serialization.get("queryName", plain[0].upper() + plain[1:])) if is_ec2 else plain


def _is_given(form: Mapping[str, str], key: str) -> bool:
    return key in form or any(name.startswith(f"{key}.") for name in form)


def _scalar(shape: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if shape.type_name in ("integer", "long"):
        return int(value)
    return value == "true" if shape.type_name == "boolean" else value


# --- Answers in JSON ---


def json_value(shape: Any, value: Any) -> Any:
    """What ``json.dumps`` takes, for the answer of a JSON service."""
    kind = shape.type_name
    if kind == "structure":
        members = {name: _member(shape, name) for name in value}
        return {m.serialization.get("name", n): json_value(m, value[n]) for n, m in members.items()}
    if kind == "list":
        return [json_value(shape.member, item) for item in value]
    if kind == "map":
        return {name: json_value(shape.value, item) for name, item in value.items()}
    if kind == "timestamp":
        return _moment(value) if shape.serialization.get("timestampFormat") == "iso8601" else value.timestamp()
    return _checked(shape, value)


def _member(shape: Any, name: str) -> Any:
    member = shape.members.get(name)
    if member is None or "location" in member.serialization:
        raise ShapeError(f"{shape.name} has no member {name} that stands in the body of an answer")
    return member


def _checked(shape: Any, value: Any) -> Any:
    if not isinstance(value, _PLAIN[shape.type_name]):
        raise ShapeError(f"{shape.name} is {shape.type_name}, and not {value!r}")
    return value


# --- Answers in XML ---


@cache
def xml_writer(shape: Any) -> Write:
    """Writes the inside of an element of this shape; what it needs of the model is looked up once."""
    match shape.type_name:
        case "structure":
            return _structure_writer(shape)
        case "list":
            return _items_writer(shape.member.serialization.get("name", "member"), shape.member)
        case "map":
            return _map_writer(shape)
        case "timestamp":
            return _moment
        case "blob":
            return _base64
        case "string":
            return _escaped
        case "boolean":
            return lambda value: "true" if _checked(shape, value) else "false"
        case _:
            return lambda value: str(_checked(shape, value))


def written_item(client: str, operation: str, name: str, item: Mapping[str, Any]) -> Written:
    """One item of a list of an answer, for lists that are asked for page by page and again."""
    return Written(xml_writer(_member(operation_model(client, operation).output_shape, name).member)(item))


class _Elements(dict[str, Write]):
    """The writers of a structure's members, each made when it is first needed: some structures are huge."""

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self._shape = shape

    def __missing__(self, name: str) -> Write:
        member = _member(self._shape, name)
        self[name] = _element_writer(member.serialization.get("name", name), member)
        return self[name]


def _structure_writer(shape: Any) -> Write:
    elements = _Elements(shape)
    return lambda value: "".join([elements[name](item) for name, item in value.items()])


def _element_writer(name: str, shape: Any) -> Write:
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return _items_writer(name, shape.member)
    head, tail, write = f"<{name}>", f"</{name}>", xml_writer(shape)
    return lambda value: f"{head}{write(value)}{tail}"


def _items_writer(name: str, shape: Any) -> Write:
    head, tail, inside = f"<{name}>", f"</{name}>", xml_writer(shape)

    def write(items: Iterable[Any]) -> str:
        return "".join([head + (item if type(item) is Written else inside(item)) + tail for item in items])

    return write


def _map_writer(shape: Any) -> Write:
    key = _element_writer(shape.key.serialization.get("name", "key"), shape.key)
    value = _element_writer(shape.value.serialization.get("name", "value"), shape.value)
    return lambda entries: "".join([f"<entry>{key(k)}{value(v)}</entry>" for k, v in entries.items()])


def _escaped(text: str) -> str:
    if not isinstance(text, str):
        raise ShapeError(f"an answer has {text!r} where its shape is string")
    # Answers are mostly text without any of these, and four searches for a letter are faster than one for a pattern.
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        return _MARKUP.sub(lambda found: _REFERENCES[found[0]], text)
    return text


def _moment(when: datetime) -> str:
    return f"{when.isoformat()[:19]}Z"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
