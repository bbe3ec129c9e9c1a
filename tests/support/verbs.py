"""Every public verb of core, found by looking: the functions of a door that take (session, actor, now, …).

A verb asks for its permission in its first line, before it looks at anything else. So a call by somebody who holds none, with
any arguments at all, tells which permission that is.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import core
from core.clock import Period
from core.errors import NotPermitted
from core.people.permissions import Actor
from core.words import ActorKind

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
FIRST = ["session", "actor", "now"]
NOT_VERBS = {  # taking (session, actor, now) without changing anything
    "audit.begin": "what every verb begins with",
    "reconciliation.preview": "shows what a resolution would do and saves nothing: whoever reads may look",
}


class Spy(frozenset[str]):
    """Permissions that hold nothing and remember what was asked for."""

    asked: list[str]

    def __contains__(self, name: object) -> bool:
        self.asked.append(str(name))
        return False


@dataclass(frozen=True)
class Call:
    """A verb with arguments that fit its signature, and the permission it asked for."""

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    permission: str = ""

    @property
    def id(self) -> str:
        chosen = [str(value.value) for value in self.arguments.values() if isinstance(value, StrEnum)]
        return " ".join([self.name, *chosen])


def doors() -> list[str]:
    """The packages and modules straight under core, which are its doors."""
    return sorted(module.name for module in pkgutil.iter_modules(core.__path__))


def verbs() -> Iterator[tuple[str, Callable[..., Any]]]:
    for door in doors():
        module = importlib.import_module(f"core.{door}")
        for name, found in sorted(vars(module).items()):
            if name.startswith("_") or not inspect.isfunction(found) or f"{door}.{name}" in NOT_VERBS:
                continue
            if list(inspect.signature(found).parameters)[:3] == FIRST:
                yield f"{door}.{name}", found


def calls() -> Iterator[Call]:
    """One call for each verb; for a verb that is told a kind, one for each kind."""
    for name, function in verbs():
        arguments = filled_in(function)
        kinds = arguments.get("kind")
        for kind in type(kinds) if isinstance(kinds, StrEnum) else [None]:
            yield Call(name, function, {**arguments, **({"kind": kind} if kind else {})})


def asked_for(call: Call) -> Call:
    """The same call with the permission that it asks for first; none where it looked at something else before."""
    spy = Spy()
    spy.asked = []
    nobody = Actor("nobody", "Nobody", ActorKind.USER, spy)
    try:
        call.function(None, nobody, NOW, **call.arguments)
    except NotPermitted:
        return replace(call, permission=spy.asked[0])
    except Exception:
        return call
    return call


def begun() -> dict[str, set[str]]:
    """Permission → where core begins a change under it, by the literals in its source."""
    found: dict[str, set[str]] = {}
    root = Path(core.__path__[0])
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.begin":
                name = node.args[3]
                for either in (name.body, name.orelse) if isinstance(name, ast.IfExp) else (name,):
                    if isinstance(either, ast.Constant):
                        found.setdefault(str(either.value), set()).add(path.relative_to(root.parent).as_posix())
    return found


def filled_in(function: Callable[..., Any]) -> dict[str, Any]:
    """Values for the parameters that have no default, by their types."""
    hints = get_type_hints(function)
    return {
        name: _value(hints.get(name))
        for name, parameter in list(inspect.signature(function).parameters.items())[3:]
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    }


def _value(hint: Any) -> Any:
    if inspect.isclass(hint) and issubclass(hint, StrEnum):
        return next(iter(hint))
    if hint in PLAIN:
        return PLAIN[hint]
    if bytes in get_args(hint):
        return b""
    return {} if "Mapping" in str(hint) or "dict" in str(hint) else [] if "Sequence" in str(hint) else None


PLAIN: dict[Any, Any] = {
    int: 1,
    str: "x",
    bool: False,
    date: date(2024, 3, 5),
    datetime: NOW,
    Decimal: Decimal(1),
    Period: Period(date(2024, 2, 1), date(2024, 3, 1)),
}
