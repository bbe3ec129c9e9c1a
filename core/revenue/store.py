"""Every statement by which revenue's verbs read and write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from core.clock import Period
from core.db import is_sqlite
from core.revenue.model import Carried, Known, Layer, Measure, Obligation, Posted, Promise
from core.tables import revenue as rows
from core.tables.catalog import Contract, Subscription, SubscriptionItem
from core.tables.changes import Change
from core.tables.jobs import Cursor
from core.tables.ledger import AccountingPeriod
from core.tables.revenue import ObligationBilling, ObligationChange, ObligationPosting

CHUNK = 1000


def chunks(ids: Collection[int]) -> Iterator[list[int]]:
    """In order, so that rows are locked in order over all chunks."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


# ── obligations ─────────────────────────────────────────────────────────────────────────────────────────────────────


def layer_to_json(layer: Layer) -> dict[str, str]:
    return {"days": str(layer.days), "of": str(layer.of), "exact_minor": str(layer.exact_minor), "cause": layer.cause}


def layer_from_json(value: dict[str, str]) -> Layer:
    return Layer(Period.parse(value["days"]), Period.parse(value["of"]), Fraction(value["exact_minor"]), value["cause"])


def layers_in(detail: Mapping[str, Any], name: str) -> tuple[Layer, ...]:
    """The `layers` or `adjustments` of an obligation_change."""
    return tuple(layer_from_json(layer) for layer in detail.get(name, ()))


KNOWN = ("start_on", "end_on", "allocated_minor", "detail")


def newest() -> Any:
    """The number of each obligation's last change."""
    return (
        select(col(ObligationChange.obligation_id), func.max(col(ObligationChange.seq)).label("seq"))
        .group_by(col(ObligationChange.obligation_id))
        .subquery()
    )


def _latest() -> Any:
    """Obligations with their last change and their account."""
    last = newest()
    return (
        select(rows.Obligation, ObligationChange, col(Contract.account_id))
        .join(last, last.c.obligation_id == col(rows.Obligation.id))
        .join(
            ObligationChange,
            and_(
                col(ObligationChange.obligation_id) == col(rows.Obligation.id),
                col(ObligationChange.seq) == last.c.seq,
            ),
        )
        .join(Contract, col(Contract.id) == col(rows.Obligation.contract_id))
        .order_by(col(rows.Obligation.id))
    )


def _obligation(row: rows.Obligation, change: ObligationChange, account_id: int) -> Obligation:
    assert row.id is not None
    return Obligation(
        id=row.id,
        seller_id=row.seller_id,
        contract_id=row.contract_id,
        account_id=account_id,
        customer_id=row.customer_id,
        item_id=row.item_id,
        product_id=row.product_id,
        code=row.code,
        currency=row.currency,
        revenue_role=row.revenue_role,
        measure=row.measure,
        seq=change.seq,
        days=Period(change.start_on, change.end_on),
        allocated_minor=change.allocated_minor,
        layers=layers_in(change.detail, "layers"),
        adjustments=layers_in(change.detail, "adjustments"),
        version=change.detail.get("version", 0),
    )


def obligations(session: Session, ids: Collection[int]) -> dict[int, Obligation]:
    found: dict[int, Obligation] = {}
    for part in chunks(ids):
        for row, change, account_id in session.execute(_latest().where(col(rows.Obligation.id).in_(part))):
            found[row.id] = _obligation(row, change, account_id)
    return found


def of_items(session: Session, seller_id: int, item_ids: Collection[int] | None) -> dict[str, Known]:
    """By code: the obligations of these items, or of all items of the seller."""
    found: dict[str, Known] = {}
    o, c = rows.Obligation, ObligationChange
    last = newest()
    wanted = (
        select(col(o.code), col(o.id), col(o.item_id), *(col(getattr(c, name)) for name in KNOWN))
        .join(last, last.c.obligation_id == col(o.id))
        .join(c, and_(col(c.obligation_id) == col(o.id), col(c.seq) == last.c.seq))
        .where(col(o.seller_id) == seller_id, col(o.item_id).is_not(None))
    )
    parts: Iterable[list[int] | None] = [None] if item_ids is None else chunks(item_ids)
    for part in parts:
        statement = wanted if part is None else wanted.where(col(o.item_id).in_(part))
        for code, obligation_id, item_id, start_on, end_on, allocated_minor, detail in session.execute(statement):
            found[code] = Known(obligation_id, item_id, Period(start_on, end_on), allocated_minor, detail)
    return found


def lock(session: Session, ids: Collection[int]) -> None:
    """In order of ids; whatever was read of them before must be read again."""
    for part in chunks(ids):
        session.execute(
            select(col(rows.Obligation.id))
            .where(col(rows.Obligation.id).in_(part))
            .order_by(col(rows.Obligation.id))
            .with_for_update(key_share=True)
        ).all()


def add_obligations(session: Session, seller_id: int, change_id: int, promises: Sequence[Promise]) -> dict[str, int]:
    """Code → id. One that another process adds at the same time is waited for and let stand."""
    dialect = sqlite if is_sqlite(session) else postgresql
    values = [
        {
            "seller_id": seller_id,
            "contract_id": promise.contract_id,
            "code": promise.code,
            "customer_id": promise.customer_id,
            "item_id": promise.item_id,
            "product_id": promise.product_id,
            "currency": promise.currency,
            "revenue_role": promise.revenue_role,
            "measure": promise.measure,
            "change_id": change_id,
        }
        for promise in promises
    ]
    if values:  # in one order everywhere: whoever adds the same ones beside us waits for us and we never for them
        values.sort(key=lambda value: str(value["code"]))
        session.execute(dialect.insert(rows.Obligation).on_conflict_do_nothing(), values)
    found: dict[str, int] = {}
    codes = [promise.code for promise in promises]
    for start in range(0, len(codes), CHUNK):
        part = codes[start : start + CHUNK]
        for code, obligation_id in session.execute(
            select(col(rows.Obligation.code), col(rows.Obligation.id)).where(
                col(rows.Obligation.seller_id) == seller_id, col(rows.Obligation.code).in_(part)
            )
        ):
            found[code] = obligation_id
    return found


def add_changes(session: Session, values: Sequence[dict[str, Any]]) -> None:
    if values:
        session.execute(insert(ObligationChange), values)


def subscriptions_of_items(session: Session, item_ids: Collection[int]) -> dict[int, int]:
    """Item → its subscription."""
    found: dict[int, int] = {}
    for part in chunks(item_ids):
        for item_id, subscription_id in session.execute(
            select(col(SubscriptionItem.id), col(SubscriptionItem.subscription_id)).where(
                col(SubscriptionItem.id).in_(part)
            )
        ):
            found[item_id] = subscription_id
    return found


def contract_of_customer(session: Session, customer_id: int, account_id: int) -> int | None:
    """The contract of the customer's newest subscription, else the newest of its account."""
    subscribed: int | None = session.execute(
        select(col(Subscription.contract_id))
        .where(col(Subscription.customer_id) == customer_id)
        .order_by(col(Subscription.id).desc())
        .limit(1)
    ).scalar_one_or_none()
    signed: int | None = session.execute(
        select(col(Contract.id))
        .where(col(Contract.account_id) == account_id)
        .order_by(col(Contract.id).desc())
        .limit(1)
    ).scalar_one_or_none()
    return subscribed or signed


# ── what is to be looked at ─────────────────────────────────────────────────────────────────────────────────────────


def candidates(
    session: Session,
    seller_id: int,
    through: date,
    first_open: date,
    watermark: tuple[date, int],
    moved_customers: Collection[int],
) -> set[int]:
    """Obligations of which a run through the day may have something to post.

    Time: not earned in full, or not over before the first open period. Usage: not over by the last run's day, changed since
    it, or of a customer whose usage moved since it (`watermark` is that run's day and seal).
    """
    last = newest()
    earned = (
        select(col(ObligationPosting.obligation_id), func.sum(col(ObligationPosting.earned_minor)).label("earned"))
        .group_by(col(ObligationPosting.obligation_id))
        .subquery()
    )
    usage = col(rows.Obligation.measure) == Measure.USAGE
    base = (
        select(col(rows.Obligation.id))
        .join(last, last.c.obligation_id == col(rows.Obligation.id))
        .join(
            ObligationChange,
            and_(
                col(ObligationChange.obligation_id) == col(rows.Obligation.id),
                col(ObligationChange.seq) == last.c.seq,
            ),
        )
        .join(Change, col(Change.id) == col(ObligationChange.change_id))
        .outerjoin(earned, earned.c.obligation_id == col(rows.Obligation.id))
        .where(col(rows.Obligation.seller_id) == seller_id, col(ObligationChange.start_on) <= through)
    )
    found = {
        i
        for i in session.execute(base.where(_unfinished(earned.c.earned, first_open, watermark))).scalars()
        if i is not None
    }
    for part in chunks(moved_customers):
        moved = base.where(usage, col(rows.Obligation.customer_id).in_(part))
        found.update(i for i in session.execute(moved).scalars() if i is not None)
    return found


def _unfinished(earned: Any, first_open: date, watermark: tuple[date, int]) -> Any:
    last_day, seal = watermark
    usage = col(rows.Obligation.measure) == Measure.USAGE
    not_earned = col(ObligationChange.allocated_minor) != func.coalesce(earned, 0)
    not_over = col(ObligationChange.end_on) > first_open
    changed = or_(col(Change.seal_number).is_(None), col(Change.seal_number) >= seal)
    still_used = col(ObligationChange.end_on) > last_day
    return or_(and_(~usage, or_(not_earned, not_over)), and_(usage, or_(still_used, changed)))


def posted(session: Session, ids: Collection[int]) -> dict[int, Posted]:
    """Everything posted on these obligations; read it under their locks."""
    into, belongs = AccountingPeriod.__table__.alias("into"), AccountingPeriod.__table__.alias("belongs")  # type: ignore[attr-defined]
    found: dict[int, Posted] = {}
    for part in chunks(ids):
        p = ObligationPosting
        grouped = session.execute(
            select(
                col(p.obligation_id),
                into.c.starts_on,
                belongs.c.starts_on,
                func.max(col(p.seq)),
                func.max(col(p.through_day)),
                func.sum(col(p.earned_minor)),
                func.sum(col(p.deferred_minor)),
                func.sum(col(p.unbilled_minor)),
                func.sum(col(p.deferred_functional)),
                func.sum(col(p.unbilled_functional)),
            )
            .join(into, into.c.id == col(p.period_id))
            .join(belongs, belongs.c.id == col(p.belongs_to_period_id))
            .where(col(p.obligation_id).in_(part))
            .group_by(col(p.obligation_id), into.c.starts_on, belongs.c.starts_on)
        )
        for obligation_id, period, belonging, seq, through, earned, *carried in grouped:
            found[obligation_id] = _merged(
                found.get(obligation_id, Posted()),
                period,
                belonging,
                seq,
                through,
                int(earned),
                [int(c) for c in carried],
            )
        billed = session.execute(
            select(col(ObligationBilling.obligation_id), func.sum(col(ObligationBilling.amount_minor)))
            .where(col(ObligationBilling.obligation_id).in_(part))
            .group_by(col(ObligationBilling.obligation_id))
        )
        for obligation_id, amount in billed:
            was = found.get(obligation_id, Posted())
            found[obligation_id] = Posted(was.seq, int(amount), was.carried, was.earned, was.through)
    return found


def _merged(
    was: Posted, period: date, belongs: date, seq: int, through: date, earned: int, carried: list[int]
) -> Posted:
    held = was.carried
    return Posted(
        seq=max(was.seq, seq),
        billed_minor=was.billed_minor,
        carried=Carried(
            held.deferred_minor + carried[0],
            held.unbilled_minor + carried[1],
            held.deferred_functional + carried[2],
            held.unbilled_functional + carried[3],
        ),
        earned={**was.earned, (period, belongs): earned},
        through={**was.through, period: max(through, was.through.get(period, through))},
    )


def add_postings(session: Session, values: Sequence[dict[str, Any]]) -> None:
    if values:
        session.execute(insert(ObligationPosting), values)


# ── full runs: one at a time beside no bill, and how far the last one went ──────────────────────────────────────────────


def hold(session: Session, seller_id: int, now: datetime, *, alone: bool) -> None:
    """Let no full run of the seller begin before this transaction ends; `alone` also waits for whoever holds it.

    A run locks obligations all over the seller, a bill those of one account in several steps: beside each other they could
    wait for each other for ever. Bills hold this together, a run holds it alone.
    """
    dialect = sqlite if is_sqlite(session) else postgresql
    nowhere = {"through": date.min.isoformat(), "seal": 0}
    name = _cursor(seller_id)
    session.execute(
        dialect.insert(Cursor).values(name=name, value=nowhere, moved_at=now).on_conflict_do_nothing(),
    )
    session.execute(select(col(Cursor.name)).where(col(Cursor.name) == name).with_for_update(read=not alone)).all()


def _cursor(seller_id: int) -> str:
    return f"revenue:{seller_id}"


def watermark(session: Session, seller_id: int) -> tuple[date, int]:
    """Through which day, and as of which seal, the last full run went."""
    value = session.execute(
        select(col(Cursor.value)).where(col(Cursor.name) == _cursor(seller_id))
    ).scalar_one_or_none()
    return (date.min, 0) if value is None else (date.fromisoformat(value["through"]), value["seal"])


def move_watermark(session: Session, seller_id: int, through: date, seal: int, now: datetime) -> None:
    """Forward only: a run for an earlier day has not seen what a later one will have to look at."""
    last_day, last_seal = watermark(session, seller_id)
    if last_day <= through and last_seal <= seal:
        value = {"through": through.isoformat(), "seal": seal}
        session.execute(update(Cursor).where(col(Cursor.name) == _cursor(seller_id)).values(value=value, moved_at=now))
