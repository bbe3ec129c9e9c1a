"""What the seller has already, read once for a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlmodel import Session

from core import catalog, ledger
from core.errors import BillingError
from core.ledger import PeriodState
from core.migration import store
from core.migration.model import FileRead, Known, KnownPlan, KnownPrice
from core.words import VersionState


def known(
    session: Session, seller_id: int, system: str, opening_on: date, today: date, reads: Mapping[str, FileRead]
) -> Known:
    seller = catalog.seller(session, seller_id)
    accounts = {party.number: party.account_id for party in catalog.accounts(session, seller_id)}
    number_of = {account_id: number for number, account_id in accounts.items()}
    refs = store.refs(session, seller_id, system)
    customers = catalog.customers(session, seller_id=seller_id)
    by_id = {one.id: (one.id, number_of[one.account_id]) for one in customers}
    products = {product.code: product for product in catalog.products(session, seller_id)}
    asked = [row.values.get("number", "") for row in (reads["invoices"].rows if "invoices" in reads else ())]
    currencies = {row.values.get("currency", "").upper() for read in reads.values() for row in read.rows}
    return Known(
        seller_id=seller_id,
        timezone=seller.timezone,
        country=seller.country,
        functional_currency=seller.functional_currency,
        system=system,
        opening_on=opening_on,
        today=today,
        books_fault=_books_fault(session, seller_id, opening_on, today),
        refs=refs,
        accounts=accounts,
        account_numbers={ref: number_of[one.subject_id] for (kind, ref), one in refs.items() if kind == "account"},
        customers={one.key: by_id[one.id] for one in customers},
        customers_by_ref={ref: by_id[one.subject_id] for (kind, ref), one in refs.items() if kind == "customer"},
        plans=_plans(session, seller_id, {product.id: product.code for product in products.values()}),
        products=products,
        meters=catalog.meter_versions(session, seller_id),
        contracts={one.number: (one.id, number_of[one.account_id]) for one in catalog.contracts(session, seller_id)},
        numbers=store.numbers_taken(session, seller_id, asked),
        rates=frozenset(one for one in currencies if _has_rate(session, one, seller.functional_currency, opening_on)),
        rules=catalog.billing_rules(session, {(seller_id, 0)}, None)[0],
    )


def _books_fault(session: Session, seller_id: int, opening_on: date, today: date) -> str:
    periods = ledger.periods(session, seller_id)
    if not periods:
        return "The books of this seller are not open; finance opens them first."
    if opening_on > today:
        return f"The opening day {opening_on} is still to come; today is {today}."
    if opening_on < periods[0].starts_on:
        return f"The opening day {opening_on} is before the books begin, on {periods[0].starts_on}."
    held = next((one for one in periods if one.starts_on <= opening_on < one.ends_on), None)
    if held is not None and held.state is not PeriodState.OPEN:
        return f"The accounting period of {opening_on} is {held.state}; choose a day of an open one."
    return ""


def _plans(session: Session, seller_id: int, product_of: Mapping[int, str]) -> dict[str, KnownPlan]:
    found: dict[str, KnownPlan] = {}
    for version in catalog.plan_versions(session, seller_id):
        published = version.state is VersionState.PUBLISHED
        if published or version.plan_code not in found:
            prices = tuple(
                KnownPrice(one.code, one.currency, product_of[one.product_id], one.price) for one in version.prices
            )
            found[version.plan_code] = KnownPlan(version.id if published else 0, prices)
    return found


def _has_rate(session: Session, currency: str, functional: str, on: date) -> bool:
    try:
        ledger.fx_rate(session, currency, functional, on)
    except BillingError:
        return False
    return True
