"""The rule tables of tests/rules/rows, asked of the doors: what each price model, setting, proration and document must give.

One file a family, `<door>_<family>.json`, a list of rows {"name", "source", "work", "ask", "expect"}. `expect` holds only what
the row fixes; a refusal is {"refused": [{"code", "path"}]}. The figures were worked by people who do not write the rules:
`source` is "hand", or names who published them. `work` is the arithmetic; every equation in it is redone here, so that a
row can neither be mistyped nor be fitted to the code.
"""

import ast
import json
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest

from core import doors
from core.catalog.billing_rules import BillDifferences, DayBasis, DiscountProration, FirstPeriod, IntervalChange
from core.catalog.model import SETTINGS
from core.errors import BillingError
from core.rating import Commitment, commitment_owed, commitment_owed_by_window
from core.rating.document import DiscountOrder, FixedDiscount, PercentageOf, PercentageRounding, TaxRounding

Row = dict[str, Any]


def commitment_document(obj: Any) -> Any:
    """`core.rating.commitment_owed` and `…_by_window` as a door: {"commitment", "used": one figure or a list, "share"}."""
    words = {
        name: Fraction(said) if isinstance(said, str) and name != "part_period" else said
        for name, said in obj["commitment"].items()
    }
    commitment = Commitment(**words)
    if isinstance(obj["used"], str):
        answers = [commitment_owed(commitment, Fraction(obj["used"]), Fraction(obj.get("share", "1")))]
    else:
        answers = list(commitment_owed_by_window(commitment, map(Fraction, obj["used"])))
    windows = [{name: str(figure) for name, figure in vars(one).items()} for one in answers]
    total = {"owed": str(sum(one.owed for one in answers)), "true_up": str(sum(one.true_up for one in answers))}
    return {**total, "windows": windows}


DOORS: dict[str, Callable[[Any], Any]] = {
    "rate": doors.rate_document,
    "prorate": doors.prorate_document,
    "invoice": doors.invoice_document,
    "commitment": commitment_document,
}
MONEY = {"amount", "total", "net", "tax", "discount", "due", "credit", "charge", "left", "true_up"}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(/[0-9]+)?")
OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {"ceil": ceil, "floor": floor, "min": min, "max": max}
PLAIN = str.maketrans({"×": "*", "÷": "/", "−": "-"})


@cache
def families() -> dict[str, list[Row]]:
    folder = Path(__file__).parent / "rows"
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def door_of(family: str) -> str:
    return family.split("_")[0]


def collected() -> list[Any]:
    """Every row, with its sentence as the test's id."""
    return [
        pytest.param(door_of(family), row, id=f"{family}: {row['name']}")
        for family, rows in families().items()
        for row in rows
    ]


def ask(door: str, question: Any) -> Any:
    try:
        return DOORS[door](question)
    except BillingError as error:
        return doors.refusal(error)


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where an answer is not what the row fixes."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [line for key in expected for line in differences(expected[key], found.get(key), f"{path}.{key}")]
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{path}: {len(found)} in place of {len(expected)}: {found}"]
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for number, (one, other) in pairs for line in differences(one, other, f"{path}[{number}]")]
    return [] if same(path.rsplit(".")[-1], expected, found) else [f"{path}: {found!r}, expected {expected!r}"]


def same(key: str, expected: Any, found: Any) -> bool:
    """Money is the same text ("0" stands for nothing in any currency), every other figure the same number."""
    if not all(isinstance(text, str) and NUMBER.fullmatch(text) for text in (expected, found)):
        return bool(expected == found)
    return Fraction(expected) == Fraction(found) and (key not in MONEY or expected in (found, "0"))


def missing_faults(expected: list[Row], found: list[Row]) -> list[Row]:
    return [fault for fault in expected if not any(fault.items() <= other.items() for other in found)]


@pytest.mark.parametrize(("door", "row"), collected())
def test_the_door_answers_what_the_row_fixes(door: str, row: Row) -> None:
    answer = ask(door, row["ask"])
    if "refused" in row["expect"]:
        assert "refused" in answer, f"not refused: {answer}"
        assert not missing_faults(row["expect"]["refused"], answer["refused"]), answer["refused"]
        return
    assert "refused" not in answer, answer["refused"]
    assert not (wrong := differences(row["expect"], answer)), f"{wrong}\nby hand: {row['work']}"


# ── the arithmetic by hand ──────────────────────────────────────────────────────────────────────────────────────────


def value(text: str) -> Fraction:
    """What a piece of hand-written arithmetic comes to: + − × ÷ and /, parentheses, ceil, floor, min, max; exact."""
    return _value(ast.parse(text.strip().translate(PLAIN), mode="eval").body, text.translate(PLAIN).strip())


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, text)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return Fraction(FUNCTIONS[node.func.id](*(_value(each, text) for each in node.args)))
    return Fraction(ast.get_source_segment(text, node) or "")


def rounded(exact: Fraction, like: str) -> Fraction:
    """Half away from zero, to as many decimals as `like` shows."""
    scale = 10 ** len(like.partition(".")[2])
    size = floor(abs(exact) * scale + Fraction(1, 2))
    return Fraction(size if exact >= 0 else -size, scale)


def wrong_equations(work: str) -> list[str]:
    """The clauses of `work`, between colons and semicolons, that claim what is not so: `a = b`, or `a → b` for rounding."""
    return [clause for clause in re.split(r"[:;]|\.(?: |$)", work) if re.search("[=→]", clause) and not holds(clause)]


def holds(clause: str) -> bool:
    first, *rest = re.split("([=→])", clause)
    left = value(first)
    for sign, text in zip(rest[::2], rest[1::2], strict=True):
        right = value(text)
        if (left if sign == "=" else rounded(left, text.strip())) != right:
            return False
        left = right
    return True


@pytest.mark.parametrize("family", families())
def test_the_arithmetic_of_every_row_adds_up(family: str) -> None:
    for row in families()[family]:
        assert set(row) == {"name", "source", "work", "ask", "expect"}, row["name"]
        assert row["source"] == "hand" or row["source"].startswith("published: "), row["name"]
        assert row["work"], row["name"]
        assert not wrong_equations(row["work"]), row["name"]


def test_no_two_rows_of_a_family_have_one_name() -> None:
    for family, rows in families().items():
        assert len({row["name"] for row in rows}) == len(rows), family


# ── what has to have a row ──────────────────────────────────────────────────────────────────────────────────────────

OF_TIME = {
    "day_basis": DayBasis,
    "last_day_billed": (False, True),
    "first_period": FirstPeriod,
    "interval_change": IntervalChange,
    "discount_proration": DiscountProration,
    "bill_differences": BillDifferences,
}
OF_DOCUMENTS = {
    "discount_order": DiscountOrder,
    "percentage_of": PercentageOf,
    "percentage_rounding": PercentageRounding,
    "fixed_discount": FixedDiscount,
    "tax_rounding": TaxRounding,
    "prices_include_tax": (False, True),
    "commitment_payable_by_credit": (True, False),
}


def settings_in(asked: Any) -> set[tuple[str, Any]]:
    """Every setting with its value, wherever in a question it stands."""
    if isinstance(asked, list):
        return {pair for item in asked for pair in settings_in(item)}
    if not isinstance(asked, dict):
        return set()
    own = {(name, value) for name, value in asked.get("settings", {}).items() if not isinstance(value, dict | list)}
    return own | {pair for value in asked.values() for pair in settings_in(value)}


@pytest.mark.parametrize(("door", "settings"), [("rate", SETTINGS), ("prorate", OF_TIME), ("invoice", OF_DOCUMENTS)])
def test_every_value_of_every_setting_but_its_default_has_a_row(door: str, settings: Any) -> None:
    """A refusal shows nothing of what a setting does."""
    shown = {
        pair
        for family, rows in families().items()
        for row in rows
        if door_of(family) == door and "refused" not in row["expect"]
        for pair in settings_in(row["ask"])
    }
    wanted = {(name, value) for name, values in settings.items() for value in list(values)[1:]}
    assert wanted <= shown, wanted - shown
