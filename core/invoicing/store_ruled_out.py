"""Charges without a document: usage that was excluded, by a rule or by a person, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from core.clock import Period
from core.invoicing.model import Cause
from core.invoicing.store_charges import parts
from core.money import from_parts
from core.tables.changes import Change
from core.tables.charges import Charge, ChargeLive
from core.words import ChargeKind, SubjectKind

RULES = ("trial", "paused")


@dataclass(frozen=True)
class SetAside:
    """Usage that is never billed: how much, what it would have cost, why, and by whom."""

    charge_id: int
    kind: ChargeKind
    days: Period
    quantity: Decimal
    amount_minor: int
    currency: str
    reason: str
    actor: str
    by_rule: bool


def standing(
    session: Session, customer_ids: Iterable[int]
) -> dict[tuple[tuple[int, int], Period, str], tuple[Fraction, int]]:
    """(customer, meter), month and the word of the rule (empty: a person) → quantity and amount that stand excluded."""
    found: dict[tuple[tuple[int, int], Period, str], tuple[Fraction, int]] = {}
    for some in parts(customer_ids):
        query = _live(col(Charge.customer_id).in_(some), col(ChargeLive.subject_kind) == SubjectKind.USAGE)
        for charge, _ in session.execute(query):
            pair = charge.customer_id, charge.subject_id
            key = pair, Period(charge.service_start, charge.service_end), rule_of(charge.cause)
            quantity, minor = found.get(key, (Fraction(0), 0))
            more = Fraction(from_parts(charge.quantity_units, charge.quantity_picos))
            found[key] = quantity + more, minor + charge.amount_minor
    return found


def rule_of(cause: str) -> str:
    """The word of the rule by which it was excluded; empty where a person did it."""
    words = Cause.parse(cause).what.split()
    return next((word for word in words if word in RULES), "")


def set_aside_of(session: Session, customer_id: int, meter_id: int, start: date, end: date) -> list[SetAside]:
    """What of a customer's meter was excluded or waived in periods that touch [start, end), in order of days."""
    query = _live(
        col(Charge.customer_id) == customer_id,
        col(Charge.meter_id) == meter_id,
        col(Charge.service_start) < end,
        col(Charge.service_end) > start,
    ).order_by(col(Charge.service_start), col(Charge.id))
    return [
        SetAside(
            charge.id,
            charge.kind,
            Period(charge.service_start, charge.service_end),
            from_parts(charge.quantity_units, charge.quantity_picos),
            charge.amount_minor,
            charge.currency,
            charge.reason,
            change.actor,
            bool(rule_of(charge.cause)),
        )
        for charge, change in session.execute(query)
    ]


def _live(*conditions: Any) -> Any:
    return (
        select(Charge, Change)
        .join(ChargeLive, col(ChargeLive.charge_id) == col(Charge.id))
        .join(Change, col(Change.id) == col(Charge.change_id))
        .where(col(Charge.kind).in_((ChargeKind.EXCLUDED, ChargeKind.WAIVED)), *conditions)
    )
