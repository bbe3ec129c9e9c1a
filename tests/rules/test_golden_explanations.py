"""Golden explanations: what the worked examples of docs/pricing.md and docs/doors.md explain, word for word and figure for figure.

They are stored and hashed with issued lines, so none changes unseen: a change that is meant is accepted by
COUNTINGHOUSE_TEST_WRITE_GOLDEN=1 pytest …, by reading the difference, and by a word in CHANGELOG.md.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core import doors
from core.rating import sentences

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "explanations.txt"
DOORS: dict[str, Callable[[Any], Any]] = {
    "rate": doors.rate_document,
    "prorate": doors.prorate_document,
    "invoice": doors.invoice_document,
}


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """(door, question) of every example, in the order of the pages."""
    for page in ("pricing.md", "doors.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for block in text.split("```json\n")[1:]:
            asked = json.loads(block.split("```")[0])
            if "every" in asked:
                yield "prorate", asked
            elif any("price" in line for line in asked.get("lines", [])):
                yield "rate", asked
            elif "discounts" in asked and "total" not in asked:
                yield "invoice", asked


def explained(answer: Any) -> Iterator[dict[str, Any]]:
    """Every explanation in an answer; a change has two, of what it gives back and of what it charges."""
    if isinstance(answer, list):
        for each in answer:
            yield from explained(each)
    elif isinstance(answer, dict):
        own = answer.get("explanation") or {}
        yield from [each for each in own.values() if each] if set(own) == {"credit", "charge"} else [own] if own else []
        for name in [name for name in answer if name != "explanation"]:
            yield from explained(answer[name])


def lines_of(explanation: dict[str, Any], indent: str) -> Iterator[str]:
    """The sentences, then the data: what it rests on, and one line a step."""
    for sentence in sentences(explanation):
        yield f"{indent}{sentence}"
    steps, parts = explanation.get("steps", []), explanation.get("parts", [])
    rest = {name: value for name, value in explanation.items() if name not in ("steps", "parts", "price")}
    for data in [rest, *steps, *parts]:
        yield f"{indent}  {json.dumps(data, ensure_ascii=False, sort_keys=True)}"


def golden_text() -> str:
    told: list[str] = []
    for number, (door, asked) in enumerate(questions(), 1):
        told += ["", f"{number} {door}: {json.dumps(asked, ensure_ascii=False)}"]
        for explanation in explained(DOORS[door](asked)):
            told += ["", *lines_of(explanation, "  ")]
    return "\n".join(told).strip() + "\n"


def test_the_examples_explain_themselves_as_they_always_have() -> None:
    told = golden_text()
    if os.environ.get("COUNTINGHOUSE_TEST_WRITE_GOLDEN"):
        GOLDEN.write_text(told, encoding="utf-8")
    held = GOLDEN.read_text(encoding="utf-8").splitlines()
    differences = [(now, then) for now, then in zip(told.splitlines(), held, strict=False) if now != then]
    assert not differences, differences[:3]
    assert len(told.splitlines()) == len(held)


def test_every_door_and_every_model_has_a_golden_explanation() -> None:
    asked = list(questions())
    assert {door for door, _ in asked} == set(DOORS)
    models = {line["price"]["model"] for door, one in asked if door == "rate" for line in one["lines"]}
    assert len(models) == 11, models
