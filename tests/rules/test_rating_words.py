"""Every step that an explanation can hold is put in words, for paper and for the screen."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app import explain, explain_commitment
from core.doors import rate_document
from core.rating import sentences
from core.rating.sentences import SENTENCES

ROOT = Path(__file__).resolve().parents[2]


def steps_of(value: Any) -> set[str]:
    """The names of all steps in an explanation, those of windows included."""
    if isinstance(value, dict):
        own = {value["step"]} if "step" in value else set()
        return own.union(*(steps_of(each) for each in value.values()))
    return set().union(*(steps_of(each) for each in value)) if isinstance(value, list) else set()


def explanations() -> list[dict[str, Any]]:
    """Those of the worked examples of the page, one for every model and setting."""
    text = (ROOT / "docs" / "pricing.md").read_text(encoding="utf-8")
    questions = [json.loads(block.split("```")[0]) for block in text.split("```json\n")[1::2]]
    return [line["explanation"] for question in questions for line in rate_document(question)["lines"]]


def test_the_examples_of_the_page_hold_every_step_of_a_rating() -> None:
    held = set().union(*(steps_of(explanation) for explanation in explanations()))
    assert set(SENTENCES) - held - set(explain_commitment.rows(explain.figure)) <= {
        "proration",
        "flats_apart",
        "tier_entered",
        "no_tier",
    }


@pytest.mark.parametrize("explanation", explanations())
def test_every_step_is_a_sentence_and_a_row_on_the_screen(explanation: dict[str, Any]) -> None:
    told = sentences(explanation)
    assert all(re.fullmatch(r"\S.*\.", sentence) for sentence in told)
    assert steps_of(explanation) <= set(explain.ROWS)
    for step in explanation["steps"]:
        assert explain.ROWS[step["step"]](step) is not None
