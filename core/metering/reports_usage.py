"""Usage in sums for the explorer: by customer and meter, and by day, over any range of days. As it stands now, without
adjustments; `core.metering.usage` says what a pair used as of a seal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from core.metering.reports import exact_figures
from core.money import from_parts
from core.tables.metering import ImportMapping, MappingVersion, Meter, UsageDay
from core.tables.parties import Customer, CustomerVersion
from core.words import Aggregation

Range = tuple[date, date]


@dataclass(frozen=True)
class UsageTotal:
    """What a customer used of a meter in a range of days; `days` is on how many."""

    customer_id: int
    customer: str
    meter_id: int
    meter: str
    events: int
    quantity: Decimal
    days: int


@dataclass(frozen=True)
class MeterDay:
    """What was used of a meter on one local day, over all customers that were asked for."""

    on: date
    meter_id: int
    meter: str
    events: int


@dataclass(frozen=True)
class MappingRow:
    """A saved way to read files of one source, as it is now."""

    id: int
    source: str
    version: int
    author: str
    rule: dict[str, Any]


def usage_totals(
    session: Session, *, seller_id: int, days: Range, find: str = "", meter_id: int | None = None, limit: int = 200
) -> list[UsageTotal]:
    """The largest first, by events; `find` looks into the customers' keys and names."""
    d, sums = UsageDay, (UsageDay.events, UsageDay.quantity_units, UsageDay.quantity_picos)
    events = func.sum(col(d.events))
    keys = (col(d.customer_id), col(Customer.key), col(d.meter_id), col(Meter.code))
    query = select(*keys, *(func.sum(col(part)) for part in sums), func.count(col(d.local_date).distinct()))
    query = _filtered(query, seller_id, days, find, meter_id).group_by(*keys)
    rows = session.execute(query.order_by(events.desc(), col(Customer.key), col(Meter.code)).limit(limit)).all()
    figures = exact_figures(session, {(row[0], row[2]) for row in rows}, *days)
    found = []
    for customer, key, meter, code, number, units, picos, on_days in rows:
        if (used := figures.used.get((customer, meter))) is not None:
            quantity = used.quantity - sum((each.quantity for each in used.adjustments), Decimal(0))
        elif figures.rules[meter][0].aggregation is Aggregation.COUNT:
            quantity = Decimal(int(number))
        else:
            quantity = from_parts(int(units), int(picos))
        found.append(UsageTotal(customer, key, meter, code, int(number), quantity, int(on_days)))
    return found


def usage_per_day(
    session: Session, *, seller_id: int, days: Range, find: str = "", meter_id: int | None = None
) -> list[MeterDay]:
    """Events by day and meter, in order of days."""
    d = UsageDay
    keys = (col(d.local_date), col(d.meter_id), col(Meter.code))
    query = _filtered(select(*keys, func.sum(col(d.events))), seller_id, days, find, meter_id).group_by(*keys)
    return [
        MeterDay(on, meter, code, int(events))
        for on, meter, code, events in session.execute(query.order_by(col(d.local_date), col(Meter.code)))
    ]


def _filtered(query: Any, seller_id: int, days: Range, find: str, meter_id: int | None) -> Any:
    start, end = days
    query = (
        query.select_from(UsageDay)
        .join(Customer, col(Customer.id) == col(UsageDay.customer_id))
        .join(Meter, col(Meter.id) == col(UsageDay.meter_id))
        .where(col(Customer.seller_id) == seller_id, col(UsageDay.local_date) >= start, col(UsageDay.local_date) < end)
    )
    if find:
        named = select(col(CustomerVersion.customer_id)).where(
            col(CustomerVersion.name).icontains(find, autoescape=True)
        )
        query = query.where(or_(col(Customer.key).icontains(find, autoescape=True), col(Customer.id).in_(named)))
    return query if meter_id is None else query.where(col(UsageDay.meter_id) == meter_id)


def mappings(session: Session, seller_id: int) -> list[MappingRow]:
    """The saved mappings of a seller by source, each in its newest version."""
    newest = (
        select(col(MappingVersion.mapping_id), func.max(col(MappingVersion.version)).label("version"))
        .group_by(col(MappingVersion.mapping_id))
        .subquery()
    )
    rows = session.execute(
        select(ImportMapping, MappingVersion)
        .join(MappingVersion, col(MappingVersion.mapping_id) == col(ImportMapping.id))
        .join(
            newest,
            (newest.c.mapping_id == col(MappingVersion.mapping_id)) & (newest.c.version == col(MappingVersion.version)),
        )
        .where(col(ImportMapping.seller_id) == seller_id, ~col(ImportMapping.source).startswith("migration:"))
        .order_by(col(ImportMapping.source))
    )
    return [MappingRow(head.id or 0, head.source, row.version, row.author, row.rule) for head, row in rows]
