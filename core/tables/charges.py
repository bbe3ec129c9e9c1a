"""The charges ledger: what was billed once, and which of it is live (domain.md section 7)."""

from datetime import date

from sqlalchemy import BigInteger, Column, ForeignKey, Index, UniqueConstraint
from sqlmodel import Field

from core.tables.base import (
    Base,
    append_only,
    big,
    check,
    forward,
    is_currency,
    key,
    not_empty,
    once,
    picos_in_range,
    ref,
    text,
    word,
)
from core.words import ChargeKind, SubjectKind


class Charge(Base, table=True):
    """What was billed once for a subject and service period; the guard against billing twice. Never updated, never deleted:
    a negative row that names it in `releases` releases it."""

    id: int | None = key()
    subject_kind: SubjectKind = word(SubjectKind)
    subject_id: int = big()
    kind: ChargeKind = word(ChargeKind)
    service_start: date
    service_end: date
    cause: str = text(length=120)
    releases: int = big(0)
    customer_id: int = ref("customer.id", index=True)
    price_id: int | None = ref("price.id", optional=True)
    meter_id: int | None = ref("meter.id", optional=True)
    quantity_units: int = big(0)
    quantity_picos: int = big(0)
    exact_numerator: str = text(length=80)
    exact_denominator: str = text("1", length=80)
    amount_minor: int = big()
    currency: str = text(length=3)
    document_id: int | None = ref("document.id", optional=True, index=True)
    line_no: int = big(0)
    seal_number: int = big(0)
    rating_version: str = text("", length=40)
    reason: str = text("")
    change_id: int = ref("change.id")
    __table_args__ = (
        once("uq_charge_releases", "releases", where="releases <> 0"),
        Index("ix_charge_subject", "subject_kind", "subject_id", "service_start"),
        check("subject_id > 0", "subject_named"),
        not_empty("cause"),
        check("exact_numerator <> '' AND exact_denominator NOT IN ('', '0')", "exact_is_a_fraction"),
        forward("service_start", "service_end"),
        check("(kind = 'release') = (releases <> 0)", "release_names_its_charge"),
        check("kind NOT IN ('waived', 'excluded') OR (document_id IS NULL AND reason <> '')", "waived_has_a_reason"),
        check("kind IN ('waived', 'excluded', 'release') OR document_id IS NOT NULL", "billed_by_a_document"),
        is_currency(),
        picos_in_range(),
        append_only(),
    )


class ChargeLive(Base, table=True):
    """One row per live charge, inserted with it and deleted in the transaction that inserts its release."""

    charge_id: int = Field(sa_column=Column(BigInteger, ForeignKey("charge.id"), primary_key=True, autoincrement=False))
    subject_kind: SubjectKind = word(SubjectKind)
    subject_id: int = big()
    kind: ChargeKind = word(ChargeKind)
    service_start: date
    service_end: date
    cause: str = text(length=120)
    __table_args__ = (
        UniqueConstraint(
            "subject_kind", "subject_id", "kind", "service_start", "service_end", "cause", name="uq_charge_live_claim"
        ),
        forward("service_start", "service_end"),
        not_empty("cause"),
    )
