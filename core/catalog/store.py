"""Every SQL statement about sellers, accounts, customers, and meters. Rows stay in here; frozen values go out.

Locks here and in store_*.py are FOR NO KEY UPDATE: they exclude each other and let foreign keys to the row be checked.
Of dated rows the last of a day holds: the newest `valid_from` on or before the day, and of equals the one written last.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from core.catalog.views import CustomerView, DatedZones, MeterView, PartyView, SellerView
from core.tables.metering import Meter, MeterVersion, UsageEvent
from core.tables.parties import (
    Account,
    Customer,
    CustomerAlias,
    CustomerTimezone,
    CustomerVersion,
    PartyVersion,
    Seller,
    SellerVersion,
)

AnySelect = Select[*tuple[Any, ...]]
CHUNK = 5000  # ids in one IN list


def add(session: Session, row: Any) -> int:
    """Insert one row and return its id."""
    session.add(row)
    session.flush()
    return cast(int, row.id)


def chunks(ids: Iterable[int]) -> list[list[int]]:
    """The ids, sorted and each once, in lists that fit into one statement."""
    distinct = sorted(set(ids))
    return [distinct[start : start + CHUNK] for start in range(0, len(distinct), CHUNK)]


# ── sellers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def seller_named(session: Session, code: str) -> int | None:
    return session.execute(select(col(Seller.id)).where(col(Seller.code) == code)).scalar_one_or_none()


def sellers(session: Session, on: date | None, seller_id: int | None = None) -> list[SellerView]:
    """By code. Where no particulars hold yet on the day, the first do."""
    query = (
        select(Seller, SellerVersion)
        .join(SellerVersion, col(SellerVersion.seller_id) == col(Seller.id))
        .order_by(col(Seller.code), col(SellerVersion.valid_from), col(SellerVersion.id))
    )
    if seller_id is not None:
        query = query.where(col(Seller.id) == seller_id)
    chosen: dict[int, tuple[Seller, SellerVersion]] = {}
    for seller, version in session.execute(query).all():
        if seller.id not in chosen or on is None or version.valid_from <= on:
            chosen[seller.id] = (seller, version)
    return [_seller(seller, version) for seller, version in chosen.values()]


def _seller(seller: Seller, version: SellerVersion) -> SellerView:
    assert seller.id is not None
    return SellerView(
        id=seller.id,
        code=seller.code,
        functional_currency=seller.functional_currency,
        timezone=seller.timezone,
        country=seller.country,
        fiscal_start_month=seller.fiscal_start_month,
        name=version.name,
        address=version.address,
        tax_ids=version.tax_ids,
        bank=version.bank,
        texts=version.texts,
    )


# ── accounts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def account_numbered(session: Session, seller_id: int, number: str) -> int | None:
    query = select(col(Account.id)).where(col(Account.seller_id) == seller_id, col(Account.number) == number)
    return session.execute(query).scalar_one_or_none()


def parties(
    session: Session, on: date | None, *, account_ids: Iterable[int] | None = None, seller_id: int | None = None
) -> list[PartyView]:
    """By number. Where no particulars hold yet on the day, the first do."""
    query = (
        select(Account, PartyVersion)
        .join(PartyVersion, col(PartyVersion.account_id) == col(Account.id))
        .order_by(col(Account.number), col(Account.id), col(PartyVersion.valid_from), col(PartyVersion.id))
    )
    if seller_id is not None:
        query = query.where(col(Account.seller_id) == seller_id)
    chosen: dict[int, tuple[Account, PartyVersion]] = {}
    for part in _filtered(query, col(Account.id), account_ids):
        for account, version in session.execute(part).all():
            if account.id not in chosen or on is None or version.valid_from <= on:
                chosen[account.id] = (account, version)
    return [_party(account, version) for account, version in chosen.values()]


def _filtered(query: AnySelect, column: Any, ids: Iterable[int] | None) -> list[AnySelect]:
    """The query once, or once for every list of ids."""
    return [query] if ids is None else [query.where(column.in_(part)) for part in chunks(ids)]


def _party(account: Account, version: PartyVersion) -> PartyView:
    assert account.id is not None
    return PartyView(
        account_id=account.id,
        seller_id=account.seller_id,
        number=account.number,
        origin=account.origin,
        valid_from=version.valid_from,
        name=version.name,
        country=version.country,
        address=version.address,
        tax_ids=version.tax_ids,
        tax_exempt_reason=version.tax_exempt_reason,
        terms_days=version.terms_days,
        language=version.language,
        email=version.email,
        einvoice_address=version.einvoice_address,
        purchase_order=version.purchase_order,
    )


# ── customers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def customer_keyed(session: Session, seller_id: int, key: str) -> int | None:
    query = select(col(Customer.id)).where(col(Customer.seller_id) == seller_id, col(Customer.key) == key)
    return session.execute(query).scalar_one_or_none()


def customers(
    session: Session, on: date | None, *, seller_id: int | None = None, customer_ids: Iterable[int] | None = None
) -> list[CustomerView]:
    """By key. Where no attributes hold yet on the day, the first do."""
    query = (
        select(Customer, CustomerVersion)
        .join(CustomerVersion, col(CustomerVersion.customer_id) == col(Customer.id))
        .order_by(col(Customer.key), col(Customer.id), col(CustomerVersion.valid_from), col(CustomerVersion.id))
    )
    if seller_id is not None:
        query = query.where(col(Customer.seller_id) == seller_id)
    chosen: dict[int, tuple[Customer, CustomerVersion]] = {}
    for part in _filtered(query, col(Customer.id), customer_ids):
        for customer, version in session.execute(part).all():
            if customer.id not in chosen or on is None or version.valid_from <= on:
                chosen[customer.id] = (customer, version)
    dated = zones(session, customer_ids=customer_ids, seller_id=seller_id)
    return [_customer(customer, version, dated[id_]) for id_, (customer, version) in chosen.items()]


def _customer(customer: Customer, version: CustomerVersion, dated: DatedZones) -> CustomerView:
    assert customer.id is not None
    return CustomerView(
        id=customer.id,
        seller_id=customer.seller_id,
        key=customer.key,
        account_id=customer.account_id,
        valid_from=version.valid_from,
        name=version.name,
        country=version.country,
        tier=version.tier,
        attributes=version.attributes,
        zones=dated,
    )


def zones(
    session: Session, *, customer_ids: Iterable[int] | None = None, seller_id: int | None = None
) -> dict[int, DatedZones]:
    """Customer → (first day, zone), in order of days, one a day."""
    query = select(
        col(CustomerTimezone.customer_id), col(CustomerTimezone.valid_from), col(CustomerTimezone.timezone)
    ).order_by(col(CustomerTimezone.customer_id), col(CustomerTimezone.valid_from), col(CustomerTimezone.id))
    if seller_id is not None:
        query = query.join(Customer, col(Customer.id) == col(CustomerTimezone.customer_id)).where(
            col(Customer.seller_id) == seller_id
        )
    found: dict[int, dict[date, str]] = {}
    for part in _filtered(query, col(CustomerTimezone.customer_id), customer_ids):
        for customer_id, valid_from, name in session.execute(part).all():
            found.setdefault(customer_id, {})[valid_from] = name
    return {customer_id: tuple(sorted(dated.items())) for customer_id, dated in found.items()}


def tiers(session: Session, seller_id: int) -> dict[int, tuple[tuple[date, str], ...]]:
    """Customer → (first day, tier), in order of days, one a day: usage keeps the tier as of the event."""
    query = (
        select(col(CustomerVersion.customer_id), col(CustomerVersion.valid_from), col(CustomerVersion.tier))
        .join(Customer, col(Customer.id) == col(CustomerVersion.customer_id))
        .where(col(Customer.seller_id) == seller_id)
        .order_by(col(CustomerVersion.valid_from), col(CustomerVersion.id))
    )
    found: dict[int, dict[date, str]] = {}
    for customer_id, valid_from, tier in session.execute(query).all():
        found.setdefault(customer_id, {})[valid_from] = tier
    return {customer_id: tuple(sorted(dated.items())) for customer_id, dated in found.items()}


def aliases(session: Session, seller_id: int) -> dict[str, tuple[tuple[date, int], ...]]:
    """Sent key → (first day, customer), in order of days."""
    query = (
        select(col(CustomerAlias.alias), col(CustomerAlias.valid_from), col(CustomerAlias.customer_id))
        .where(col(CustomerAlias.seller_id) == seller_id)
        .order_by(col(CustomerAlias.alias), col(CustomerAlias.valid_from))
    )
    found: dict[str, list[tuple[date, int]]] = {}
    for alias, valid_from, customer_id in session.execute(query).all():
        found.setdefault(alias, []).append((valid_from, customer_id))
    return {alias: tuple(dated) for alias, dated in found.items()}


def alias_rows(session: Session, seller_id: int, alias: str) -> list[tuple[date, int]]:
    query = (
        select(col(CustomerAlias.valid_from), col(CustomerAlias.customer_id))
        .where(col(CustomerAlias.seller_id) == seller_id, col(CustomerAlias.alias) == alias)
        .order_by(col(CustomerAlias.valid_from))
    )
    return [(valid_from, customer_id) for valid_from, customer_id in session.execute(query).all()]


def lock_seller(session: Session, seller_id: int) -> None:
    """For whoever adds something whose name must be free: two of one name come one after the other."""
    session.execute(select(col(Seller.id)).where(col(Seller.id) == seller_id).with_for_update(key_share=True))


def lock_account(session: Session, account_id: int) -> None:
    session.execute(select(col(Account.id)).where(col(Account.id) == account_id).with_for_update(key_share=True))


def lock_customer(session: Session, customer_id: int) -> None:
    session.execute(select(col(Customer.id)).where(col(Customer.id) == customer_id).with_for_update(key_share=True))


# ── meters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def meter_coded(session: Session, seller_id: int, code: str) -> int | None:
    query = select(col(Meter.id)).where(col(Meter.seller_id) == seller_id, col(Meter.code) == code)
    return session.execute(query).scalar_one_or_none()


def meter_codes(session: Session, seller_id: int) -> dict[str, int]:
    query = select(col(Meter.code), col(Meter.id)).where(col(Meter.seller_id) == seller_id)
    return {row[0]: row[1] for row in session.execute(query).all()}


def meter_versions(session: Session, seller_id: int) -> dict[str, tuple[MeterView, ...]]:
    """Code → versions in order of days, one a day."""
    query = (
        select(Meter, MeterVersion)
        .join(MeterVersion, col(MeterVersion.meter_id) == col(Meter.id))
        .where(col(Meter.seller_id) == seller_id)
        .order_by(col(Meter.code), col(MeterVersion.valid_from), col(MeterVersion.version))
    )
    found: dict[str, dict[date, MeterView]] = {}
    for meter, version in session.execute(query).all():
        found.setdefault(meter.code, {})[version.valid_from] = _meter(meter, version)
    return {code: tuple(dated.values()) for code, dated in found.items()}


def _meter(meter: Meter, version: MeterVersion) -> MeterView:
    assert meter.id is not None
    return MeterView(
        id=meter.id,
        seller_id=meter.seller_id,
        code=meter.code,
        version=version.version,
        valid_from=version.valid_from,
        name=version.name,
        aggregation=version.aggregation,
        unit=version.unit,
        property=version.property,
        filter=version.filter,
        dimensions=tuple(version.dimensions),
        allow_negative=version.allow_negative,
        max_past_days=version.max_past_days,
        max_future_minutes=version.max_future_minutes,
        options=version.options or {},
    )


def lock_meter(session: Session, meter_id: int) -> dict[str, Any] | None:
    """The fields of the newest version, the meter held against deliveries that count by it."""
    if session.execute(select(col(Meter.id)).where(col(Meter.id) == meter_id).with_for_update()).first() is None:
        return None
    newest = (
        select(MeterVersion)
        .where(col(MeterVersion.meter_id) == meter_id)
        .order_by(col(MeterVersion.valid_from).desc(), col(MeterVersion.version).desc())
        .limit(1)
    )
    version = session.execute(newest).scalar_one()
    names = (
        "valid_from",
        "name",
        "unit",
        "aggregation",
        "property",
        "filter",
        "dimensions",
        "options",
        "allow_negative",
    )
    return {name: getattr(version, name) for name in (*names, "max_past_days", "max_future_minutes")}


def next_meter_version(session: Session, meter_id: int) -> int:
    last = session.execute(select(func.max(col(MeterVersion.version))).where(col(MeterVersion.meter_id) == meter_id))
    return int(last.scalar_one() or 0) + 1


def last_counted_day(session: Session, meter_id: int, since: date) -> date | None:
    """The newest local day, not before `since`, of which events of the meter were accepted."""
    query = select(func.max(col(UsageEvent.local_date))).where(
        col(UsageEvent.meter_id) == meter_id, col(UsageEvent.local_date) >= since
    )
    newest: date | None = session.execute(query).scalar_one()
    return newest
