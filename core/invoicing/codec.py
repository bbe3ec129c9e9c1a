"""Frozen dataclasses to plain JSON values and back, strictly: a value of another type, a missing field and an unknown
field are all faults, all reported at once. A field that holds its default is not written (see `copy`, why)."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from core.errors import BadInput, Fault

T = TypeVar("T")


def encode(value: Any) -> dict[str, object]:
    """The dataclass as a JSON object."""
    return {
        field.name: _plain(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if field.default is dataclasses.MISSING or getattr(value, field.name) != field.default
    }


def _plain(value: Any) -> object:
    if dataclasses.is_dataclass(value):
        return encode(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if type(value) is date:  # an instant is a date to Python, not to us
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError(f"{value!r} has no place in a frozen copy")


def decode(kind: type[T], value: object) -> T:
    """The dataclass that `encode` wrote; BadInput with all faults where it is not one."""
    found: list[Fault] = []
    made = _object(kind, value, "", found)
    if found:
        raise BadInput(tuple(found))
    return typing.cast(T, made)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _fault(found: list[Fault], code: str, path: str, sentence: str) -> object:
    found.append(Fault(f"json.{code}", path, sentence))
    return None


def _object(kind: Any, value: object, path: str, found: list[Fault]) -> object:
    if not isinstance(value, Mapping):
        return _fault(found, "type", path, f"{path or 'The value'} must be an object.")
    hints, known = _hints(kind), {field.name: field for field in dataclasses.fields(kind)}
    for name in sorted(str(name) for name in value if name not in known):
        _fault(found, "unknown", _join(path, name), f"The field {_join(path, name)} is not known.")
    given = {}
    for name, field in known.items():
        if name in value:
            given[name] = _value(hints[name], value[name], _join(path, name), found)
        elif field.default is dataclasses.MISSING:
            _fault(found, "missing", _join(path, name), f"The field {_join(path, name)} is missing.")
    return None if found else kind(**given)


def _value(hint: Any, value: object, path: str, found: list[Fault]) -> object:
    origin = typing.get_origin(hint)
    if origin is types.UnionType:  # only `X | None` is used
        return None if value is None else _value(typing.get_args(hint)[0], value, path, found)
    if origin is tuple:
        return _tuple(typing.get_args(hint), value, path, found)
    if dataclasses.is_dataclass(hint):
        return _object(hint, value, path, found)
    return _leaf(hint, value, path, found)


def _tuple(hints: tuple[Any, ...], value: object, path: str, found: list[Fault]) -> object:
    if not isinstance(value, list):
        return _fault(found, "type", path, f"{path} must be a list.")
    if hints[-1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(hints) != len(value):
        return _fault(found, "type", path, f"{path} must have {len(hints)} entries.")
    parts = zip(hints, value, strict=True)
    return tuple(_value(hint, part, f"{path}[{position}]", found) for position, (hint, part) in enumerate(parts))


def _leaf(hint: Any, value: object, path: str, found: list[Fault]) -> object:
    if hint in (str, int, bool):
        if type(value) is hint:
            return value
        word = {str: "text", int: "an integer", bool: "true or false"}[hint]
        return _fault(found, "type", path, f"{path} must be {word}, not {value!r}.")
    if isinstance(value, str):
        try:
            made = date.fromisoformat(value) if hint is date else hint(value)
        except ValueError:
            made = None
        if made is not None and (hint is not date or made.isoformat() == value):  # 20240229 is a day too, but not ours
            return made
    word = "a day like 2024-02-29" if hint is date else "one of " + ", ".join(member.value for member in hint)
    return _fault(found, "value", path, f"{path} must be {word}, not {value!r}.")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
