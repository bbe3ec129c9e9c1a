"""Every fault point that the code declares, read from its source: nothing needs to run for a point to be asked for."""

import ast
from collections.abc import Iterator
from pathlib import Path

from core.settings import ROOT

FOLDERS = ("app", "core", "jobs", "pages", "usage_tracker")
AROUND_A_CALL = (".before", ".after")
AROUND_A_COMMIT = (".before_commit", ".after_commit")


def declared(root: Path = ROOT) -> frozenset[str]:
    """The names of all points in the code below `root`."""
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*.py")]
    return frozenset(name for path in paths for name in points_in(path.read_text(encoding="utf-8")))


def points_in(source: str) -> Iterator[str]:
    """declare("x") and faults.point("x") are x; fault_point("x") surrounds a call; transaction(…, "x") surrounds a commit."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        if called in ("faults.declare", "faults.point"):
            yield from _literals(node, 0, "name")
        elif name == "fault_point":
            yield from (point + end for point in _literals(node, 0, "name") for end in AROUND_A_CALL)
        elif name == "transaction" and called in ("db.transaction", "transaction"):
            named = list(_literals(node, 2, "point"))
            given = len(node.args) > 2 or any(keyword.arg == "point" for keyword in node.keywords)
            for point in named if given else ["commit"]:
                yield from (point + end for end in AROUND_A_COMMIT)


def _literals(call: ast.Call, position: int, keyword: str) -> Iterator[str]:
    """The argument, if it is written as text. A name or an f-string stands for what somebody else declares."""
    given = [call.args[position]] if len(call.args) > position else [k.value for k in call.keywords if k.arg == keyword]
    for value in given:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
