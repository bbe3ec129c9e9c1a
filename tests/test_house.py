"""The house test: what ruff, mypy and import-linter cannot say of the manners in docs/decisions. Pure ast, no imports of ours.

Each rule yields (line, what to do); a failure names file:line. What a rule must let through stands in PERMITTED with a reason.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("app", "core", "jobs", "pages", "usage_tracker")
ALL = (*CODE, "bench", "data", "tests")
MAX_FILE_LINES, MAX_TEST_FILE_LINES, MAX_FUNCTION_LINES, MIN_TEST_WORDS = 400, 500, 60, 4  # tests are mostly tables
Breaks = Iterator[tuple[int, str]]

# (rule, path) -> why. The list is short, and every line of it is a decision.
PERMITTED: dict[tuple[str, str], str] = {
    ("reads_a_clock", "core/wall.py"): "the one place at the edge that does",
    ("reads_a_clock", "usage_tracker/events.py"): "it runs in other programs: their present is when a thing was used",
    (
        "hides_a_fault_point",
        "core/db.py",
    ): "transaction() is named by its callers; tests/support/fault_points.py reads them",
}

CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"),
    ("func", "now"), ("func", "current_timestamp"), ("func", "current_date"),
}  # fmt: skip
SQL_WORDS = {"select", "insert", "update", "delete", "text", "func", "exists", "bindparam", "table", "literal_column"}
SQL_CALLS = {"exec", "execute", "scalars", "scalar", "exec_driver_sql"}
EDGES_THAT_COMMIT = re.compile(r"core/(db|seals|cli)(\.py|/)|app/|jobs/")
DOORLESS = {"store", "tables", "rules"}


@cache
def files(*folders: str) -> tuple[Path, ...]:
    """Every Python file below these folders, but for what tools generate."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return tuple(sorted(path for path in found if not {"__pycache__", "local"} & set(path.parts)))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, module, name) of every import, wherever it stands; name is '' for `import module`."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the last name of what is called."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node, node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node, node.func.attr


def uses_floats(path: Path) -> Breaks:
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "round"):
            yield (
                node.lineno,
                f"{node.func.id}() is banned in core: Fraction in between, core.money at the named points",
            )
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if annotation is not None:
            names = {part.id for part in ast.walk(annotation) if isinstance(part, ast.Name)}
            if "float" in names:
                yield annotation.lineno, "no value of core is a float: use int (minor unit), Decimal or Fraction"


def quantizes(path: Path) -> Breaks:
    for call, name in calls(path):
        if name == "quantize":
            yield call.lineno, "one product, one rounding: core.money has the named points"


def reads_a_clock(path: Path) -> Breaks:
    for node in nodes(path):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if (owner, node.attr) in CLOCKS:
                yield (
                    node.lineno,
                    f"{owner}.{node.attr} reads the clock: take now/today as an argument (edges: core.wall)",
                )


def imports_the_screen(path: Path) -> Breaks:
    for line, module, _ in imports(path):
        if module.split(".")[0] in ("streamlit", "app", "pages"):
            yield line, f"core and jobs know nothing of {module}"


def commits(path: Path) -> Breaks:
    if not EDGES_THAT_COMMIT.match(place(path)):
        for call, name in calls(path):
            if name == "commit":
                yield call.lineno, "a verb never commits: app.actions, jobs.runner and core.db do"


def is_sql_place(path: Path) -> bool:
    """store*.py, reports*.py, or a folder of that name; and what is no domain: core/db, core/tables, …"""
    parts = path.relative_to(ROOT / "core").parts
    return len(parts) == 1 or parts[0] == "tables" or any(part.startswith(("store", "reports")) for part in parts[1:])


def writes_sql(path: Path) -> Breaks:
    if is_sql_place(path):
        return
    for line, module, name in imports(path):
        if module.split(".")[0] in ("sqlalchemy", "sqlmodel") and name in SQL_WORDS:
            yield line, f"{name} makes SQL: move the statement to this domain's store.py (or reports.py)"
    for call, name in calls(path):
        if name in SQL_CALLS and isinstance(call.func, ast.Attribute):
            yield call.lineno, f".{name}() runs SQL: move the statement to this domain's store.py (or reports.py)"


def is_pure_and_imports_tables(path: Path) -> Breaks:
    if path.name in ("rules.py", "model.py"):
        for line, module, name in imports(path):
            if module.startswith(("core.tables", "core.db")) or (module == "core" and name in ("tables", "db")):
                yield line, "rules and models take and return frozen dataclasses: let store.py read the rows"


def goes_past_a_door(path: Path) -> Breaks:
    for line, module, name in imports(path):
        parts = [*module.split("."), name]
        if parts[0] == "core" and DOORLESS & set(parts[1:]):
            yield line, f"a page uses the doors (from core import invoicing), not {module}"
        if module.split(".")[0] in ("sqlalchemy", "sqlmodel"):
            yield line, "a page writes no SQL: call a verb or a report of core"


def is_too_long(path: Path) -> Breaks:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    allowed = MAX_TEST_FILE_LINES if place(path).startswith("tests/") else MAX_FILE_LINES
    if lines > allowed:
        yield lines, f"{lines} lines, the house allows {allowed}: divide it by what it speaks of"


def has_long_functions(path: Path) -> Breaks:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield (
                    node.lineno,
                    f"{node.name} has {lines} lines, the house allows {MAX_FUNCTION_LINES}: take a part out",
                )


def is_unfinished(path: Path) -> Breaks:
    marks = re.compile(r"#.*\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if marks.search(line):
            yield number, "finish it, or file an issue and say what holds today"
    for node in nodes(path):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield node.lineno, "finish it, or leave the function out"


def swallows_errors(path: Path) -> Breaks:
    for node in nodes(path):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield node.lineno, "name what you expect: a bare except also hides our own mistakes"
            if all(isinstance(step, ast.Pass) for step in node.body):
                yield node.lineno, "say what happens then: contextlib.suppress(TheError) with the reason, or handle it"


def hides_a_fault_point(path: Path) -> Breaks:
    """A name that is not known after importing the module would never be asked for by tests/faults."""
    outside = {id(part) for node in tree(path).body for part in at_module_level(node)}
    for call, name in calls(path):
        literal = bool(call.args) and isinstance(call.args[0], ast.Constant)
        if name == "fault_point" and id(call) not in outside:
            yield call.lineno, "make the fault_point at module level or as a decorator, and use it here"
        if name == "declare" and "faults" in ast.unparse(call.func) and id(call) not in outside:
            yield call.lineno, "declare the fault point at module level"
        if ast.unparse(call.func) == "faults.point" and not literal and isinstance(call.args[0], ast.JoinedStr):
            yield call.lineno, "name the fault point by a literal or by a constant that faults.declare gave"


def at_module_level(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is evaluated with it when the module is imported: not the bodies of functions."""
    yield node
    for field, value in ast.iter_fields(node):
        if field == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from at_module_level(child)


def names_tests_badly(path: Path) -> Breaks:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            words = [word for word in node.name.split("_")[1:] if word]
            if len(words) < MIN_TEST_WORDS:
                yield node.lineno, f"{node.name}: a test's name is a sentence, {MIN_TEST_WORDS} words at least"


RULES: list[tuple[Callable[[Path], Breaks], tuple[str, ...]]] = [
    (uses_floats, ("core",)),
    (quantizes, ("core",)),
    (reads_a_clock, CODE),
    (imports_the_screen, ("core", "jobs")),
    (commits, ("core", "pages")),
    (writes_sql, ("core",)),
    (is_pure_and_imports_tables, ("core",)),
    (goes_past_a_door, ("pages",)),
    (is_too_long, (*CODE, "bench", "tests")),
    (has_long_functions, CODE),
    (is_unfinished, ALL),
    (swallows_errors, ALL),
    (hides_a_fault_point, CODE),
    (names_tests_badly, ("tests",)),
]


@pytest.mark.parametrize(("rule", "folders"), RULES, ids=[rule.__name__ for rule, _ in RULES])
def test_no_file_of_the_house_breaks_the_rule(rule: Callable[[Path], Breaks], folders: tuple[str, ...]) -> None:
    broken = [
        f"{place(path)}:{line}: {what}"
        for path in files(*folders)
        if (rule.__name__, place(path)) not in PERMITTED
        for line, what in rule(path)
    ]
    assert not broken, "\n" + "\n".join(broken)


def test_no_text_names_a_place_on_somebodys_machine() -> None:
    """Paths of a machine break on every other one. uv.lock is its tool's own."""
    machine = re.compile(r"(?<![\w./~-])/(?:work|home|Users|root|mnt)/[\w.]")
    suffixes = {".py", ".md", ".toml", ".sh", ".yml", ".ini", ".cfg", ".css", ".json", ""}
    broken = []
    for path in sorted(ROOT.rglob("*")):
        parts = set(path.relative_to(ROOT).parts)
        hidden = any(part.startswith(".") and part not in (".ci", ".streamlit") for part in parts)
        if (
            hidden
            or parts & {"__pycache__", "local", "node_modules"}
            or path.suffix not in suffixes
            or not path.is_file()
        ):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if machine.search(line):
                broken.append(f"{place(path)}:{number}: name it relative to the project, or let a setting say it")
    assert not broken, "\n" + "\n".join(broken)


def test_streamlit_cannot_discover_pages_by_itself() -> None:
    """Old auto-discovery looks at app/pages, and would show pages that the role may not see; app/app.py shadows the package."""
    assert not (ROOT / "app" / "pages").exists()
    assert not (ROOT / "app" / "app.py").exists()


def test_every_permission_to_break_a_rule_is_still_needed() -> None:
    rules = {rule.__name__: rule for rule, _ in RULES}
    for name, where in PERMITTED:
        path = ROOT / where
        assert not path.exists() or name not in rules or any(rules[name](path)), (
            f"{where} no longer needs {name}: take it out"
        )
