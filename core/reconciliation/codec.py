"""Suggestions and effects as the JSON that findings and resolutions keep; money in it is text. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.ledger.model import Line
from core.reconciliation.model import Allocation, Choice, Effect, ResolutionKind, Suggestion


def choice_to_json(choice: Choice) -> dict[str, Any]:
    parts = [
        {
            "document_id": part.document_id,
            "amount_minor": str(part.amount_minor),
            "source_minor": None if part.source_minor is None else str(part.source_minor),
        }
        for part in choice.allocations
    ]
    told = {
        "payment_id": choice.payment_id,
        "account_id": choice.account_id,
        "document_id": choice.document_id,
        "amount_minor": str(choice.amount_minor),
        "allocations": parts,
    }
    return {name: value for name, value in told.items() if value and value != "0"}


def choice_from_json(told: Mapping[str, Any]) -> Choice:
    parts = tuple(
        Allocation(
            int(part["document_id"]),
            int(part["amount_minor"]),
            None if part.get("source_minor") is None else int(part["source_minor"]),
        )
        for part in told.get("allocations", ())
    )
    ids = {name: int(told.get(name, 0)) for name in ("payment_id", "account_id", "document_id", "amount_minor")}
    return Choice(**ids, allocations=parts)


def suggestion_to_json(one: Suggestion) -> dict[str, Any]:
    return {"kind": one.kind.value, "sentence": one.sentence, "guess": one.guess, "choice": choice_to_json(one.choice)}


def suggestion_from_json(told: Mapping[str, Any]) -> Suggestion:
    choice = choice_from_json(told.get("choice", {}))
    return Suggestion(ResolutionKind(told["kind"]), str(told["sentence"]), choice, bool(told.get("guess")))


def effect_to_json(effect: Effect) -> dict[str, Any]:
    return {
        "sentence": effect.sentence,
        "lines": [_line(line) for line in effect.lines],
        "items": [
            {
                "kind": item.kind,
                "id": item.id,
                "name": item.name,
                "currency": item.currency,
                "now_minor": str(item.now_minor),
                "after_minor": str(item.after_minor),
            }
            for item in effect.items
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "role": line.role.value,
        "amount_minor": str(line.amount_minor),
        "currency": line.currency,
        "functional_minor": str(line.functional_minor),
        "rate": str(line.rate),
    }
