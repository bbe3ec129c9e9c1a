"""Verbs for products, plans and their versions. What is published never changes; another version follows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import meter_rules, reads, store, store_plans
from core.catalog.checking import Checks
from core.catalog.model import Price as PriceValue
from core.catalog.prices import price_from_json, price_hash, price_to_json
from core.catalog.views import MeterView, PlanVersionView, PriceView, ProductView
from core.errors import BadInput, Fault, NotFound, Refused
from core.people import Actor, four_eyes
from core.tables.catalog import Plan, PlanVersion, Price, Product
from core.words import PriceKind, TaxCategory, VersionState

PRICE_FIELDS = ("code", "currency", "product", "value")


def add_product(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    code: str,
    name: str,
    tax_category: str = TaxCategory.STANDARD,
    unit_code: str = "C62",
    revenue_policy: Mapping[str, Any] | None = None,
) -> int:
    """Something that is sold. `unit_code` is of UN/ECE recommendation 20 (C62: one)."""
    change = audit.begin(session, actor, now, "catalog.add_product")
    reads.locked_seller(session, seller_id)
    checks = Checks()
    category = checks.word(tax_category, "tax_category", TaxCategory)
    fields: dict[str, Any] = {
        "code": checks.code(code, "code"),
        "name": checks.text(name, "name", length=200),
        "unit_code": checks.code(unit_code, "unit_code", length=8),
        "revenue_policy": dict(revenue_policy or {}),
    }
    if any(product.code == fields["code"] for product in store_plans.products(session, seller_id)):
        checks.fault("code_taken", "code", f"There is a product {fields['code']!r} already; choose another code.")
    checks.finish()
    assert category is not None
    product_id = store.add(session, Product(seller_id=seller_id, tax_category=category, change_id=change.id, **fields))
    change.note("product", product_id, after={"tax_category": category, **fields})
    return product_id


def add_plan(session: Session, actor: Actor, now: datetime, *, seller_id: int, code: str, name: str) -> int:
    """A named plan, still without a version."""
    change = audit.begin(session, actor, now, "catalog.add_plan")
    reads.locked_seller(session, seller_id)
    checks = Checks()
    code, name = checks.code(code, "code"), checks.text(name, "name", length=200)
    if store_plans.plan_coded(session, seller_id, code) is not None:
        checks.fault("code_taken", "code", f"There is a plan {code!r} already; choose another code.")
    checks.finish()
    plan_id = store.add(session, Plan(seller_id=seller_id, code=code, name=name, change_id=change.id))
    change.note("plan", plan_id, after={"code": code, "name": name})
    return plan_id


def write_plan_version(
    session: Session, actor: Actor, now: datetime, *, plan_id: int, prices: Sequence[Mapping[str, Any]]
) -> int:
    """The next version of a plan, a draft until somebody else publishes it.

    Each price is {"code", "currency", "product": its code, "value": the price's JSON}; a usage price names its meter's code in
    its value. Currency and tax category of the value may be left out: they are the price's and the product's.
    """
    change = audit.begin(session, actor, now, "catalog.write_plan_version")
    plan = store_plans.lock_plan(session, plan_id)
    if plan is None:
        raise NotFound("no_such_plan", f"There is no plan {plan_id}.")
    checks, read = _read_prices(session, plan.seller_id, prices)
    checks.finish()
    number = store_plans.last_version(session, plan_id) + 1
    version_id = store.add(
        session, PlanVersion(plan_id=plan_id, version=number, author=actor.login, change_id=change.id)
    )
    for row in read:
        assert row is not None
        store.add(session, Price(plan_version_id=version_id, change_id=change.id, **row))
    after = {"plan": plan.code, "version": number, "prices": [row for row in read if row is not None]}
    change.note("plan_version", version_id, after=after)
    return version_id


def plan_version_faults(session: Session, *, seller_id: int, prices: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """What write_plan_version would refuse in these prices; nothing is written."""
    return tuple(_read_prices(session, seller_id, prices)[0].faults)


def planned_prices(session: Session, *, seller_id: int, prices: Sequence[Mapping[str, Any]]) -> tuple[PriceView, ...]:
    """The prices as they would be in a version, under ids below 0; refused as write_plan_version would. Nothing is written."""
    checks, read = _read_prices(session, seller_id, prices)
    checks.finish()
    return tuple(
        PriceView(
            -number,
            row["code"],
            row["currency"],
            row["product_id"],
            row["meter_id"],
            price_from_json(row["value"]),
            row["value_hash"],
        )
        for number, row in enumerate(read, start=1)
        if row is not None
    )


def _read_prices(
    session: Session, seller_id: int, prices: Sequence[Mapping[str, Any]]
) -> tuple[Checks, list[dict[str, Any] | None]]:
    """The columns of every price, and all faults of all of them."""
    checks = Checks()
    products = {product.code: product for product in store_plans.products(session, seller_id)}
    meters = store.meter_versions(session, seller_id)
    read = [_read_price(checks, given, f"prices[{n}]", products, meters) for n, given in enumerate(prices)]
    if not prices:
        checks.fault("no_prices", "prices", "A version of a plan needs at least one price.")
    named = [(str(given.get("code")), str(given.get("currency"))) for given in prices]
    for code, currency in sorted({pair for pair in named if named.count(pair) > 1}):
        checks.fault("named_twice", "prices", f"The price {code!r} in {currency} is given twice.")
    return checks, read


def _read_price(
    checks: Checks,
    given: Mapping[str, Any],
    path: str,
    products: Mapping[str, ProductView],
    meters: Mapping[str, Sequence[MeterView]],
) -> dict[str, Any] | None:
    """The columns of one price; None where it has faults, which are with the checks."""
    before = len(checks.faults)
    for name in sorted(set(given) - set(PRICE_FIELDS)):
        checks.fault("unknown_field", f"{path}.{name}", f"A price of a plan has no {name!r}.")
    code = checks.code(given.get("code", ""), f"{path}.code")
    currency = checks.currency(given.get("currency", ""), f"{path}.currency")
    product = products.get(str(given.get("product", "")))
    if product is None:
        sentence = f"There is no product {given.get('product')!r}; add it first."
        checks.fault("no_such_product", f"{path}.product", sentence)
    value = read_value(checks, given.get("value"), f"{path}.value", currency, product)
    if value is not None:
        meter_rules.fits(checks, value, meters, f"{path}.value")
    if len(checks.faults) > before or value is None or product is None:
        return None
    return {
        "code": code,
        "currency": currency,
        "kind": value.kind,
        "product_id": product.id,
        "meter_id": meters[value.meter][0].id if value.meter else None,
        "value": price_to_json(value),
        "value_hash": price_hash(value),
    }


def read_value(
    checks: Checks, value: object, path: str, currency: str, product: ProductView | None
) -> PriceValue | None:
    """The Price in that JSON, in that currency and with the product's tax category."""
    if not isinstance(value, Mapping):
        checks.fault("not_an_object", path, "The price itself is needed here, as an object with named fields.")
        return None
    filled = {"currency": currency or "USD", **value}  # a currency at fault is told once, where it stands
    if product is not None:
        filled = {"tax_category": product.tax_category.value, **filled}
    try:
        price = price_from_json(filled, path)
    except BadInput as error:
        checks.collect(error)
        return None
    if currency and price.currency != currency:
        sentence = f"The value is in {price.currency}, but the price is to be in {currency}."
        checks.fault("other_currency", f"{path}.currency", sentence)
    if product is not None and price.tax_category is not product.tax_category:
        sentence = f"The product {product.code} has the tax category {product.tax_category}; leave it out here."
        checks.fault("other_tax_category", f"{path}.tax_category", sentence)
    if price.other_currency != "refuse":
        sentence = "A meter's quantity has no currency of its own; convert before it is sent, and leave this at refuse."
        checks.fault("not_subscribable", f"{path}.settings.other_currency", sentence)
    limited = price.minimum is not None or price.maximum is not None
    if price.kind is PriceKind.RECURRING and price.tier_flat != "prorated" and limited:
        sentence = "Where tiers' flat amounts are owed whole the rest is prorated alone: leave minimum and maximum out."
        checks.fault("not_subscribable", f"{path}.settings.tier_flat", sentence)
    return price


def publish_plan_version(session: Session, actor: Actor, now: datetime, *, plan_version_id: int) -> None:
    """Release a version for sale: by another person than its author, once. Its content is hashed and never changes."""
    change = audit.begin(session, actor, now, "catalog.publish_plan_version")
    row = store_plans.lock_plan_version(session, plan_version_id)
    if row is None:
        raise NotFound("no_such_plan_version", f"There is no plan version {plan_version_id}.")
    if row.state is not VersionState.DRAFT:
        sentence = f"Not published: this version is {row.state} already. Write another version to change a price."
        raise Refused("already_published", sentence)
    four_eyes("write_price", [row.author], actor)
    content_hash = version_hash(reads.plan_version(session, plan_version_id))
    store_plans.publish(session, plan_version_id, actor.login, now, content_hash)
    change.note(
        "plan_version",
        plan_version_id,
        before={"state": VersionState.DRAFT},
        after={"state": VersionState.PUBLISHED, "content_hash": content_hash, "author": row.author},
    )


def version_hash(version: PlanVersionView) -> str:
    """SHA-256 over code, currency, product and value of every price, whatever order they were written in."""
    said = sorted([price.code, price.currency, price.product_id, price.value_hash] for price in version.prices)
    return sha256(audit.canonical(said)).hexdigest()
