"""A small believable business, made only by verbs, for every test that needs customers, prices and subscriptions.

    with db.transaction(engine, NOW) as session:
        desk = business.found(session)
        acme = business.add_customer(session, desk, "acme", plan="seats", quantities={"seats": 5})
    with db.reading(engine) as session:
        [view] = catalog.subscriptions(session, customer_ids=[acme.customer_id])

Everything is in force from SINCE (2023-01-01) on; NOW is the noon of 2024-03-05, the demo's business date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from core import catalog
from core.clock import Anchor
from core.people import Actor, person
from core.words import Role

SINCE = date(2023, 1, 1)
NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)

OLGA = OPERATOR = person("olga", "Olga Operator", Role.OPERATOR)
OTTO = OPERATOR_2 = person("otto", "Otto Operator", Role.OPERATOR)
ANNA = APPROVER = person("anna", "Anna Approver", Role.APPROVER)
ABEL = APPROVER_2 = person("abel", "Abel Approver", Role.APPROVER)
ADA = ADMINISTRATOR = person("ada", "Ada Administrator", Role.ADMINISTRATOR)
VERA = VIEWER = person("vera", "Vera Viewer", Role.VIEWER)

MONTHLY = {"every": 1, "unit": "month"}
YEARLY = {"every": 1, "unit": "year"}
METERS = (
    ("api.calls", "API calls", "count", "call"),
    ("storage.mb_seconds", "Storage", "sum", "MB·s"),
    ("tokens.context", "Context tokens", "sum", "token"),
    ("tokens.generated", "Generated tokens", "sum", "token"),
)
PRODUCTS = (
    ("seats", "Team seats", "C62"),
    ("api", "API calls", "C62"),
    ("platform", "Platform", "MON"),
    ("storage", "Storage", "4L"),
    ("context", "Context tokens", "C62"),
    ("generated", "Generated tokens", "C62"),
    ("setup", "Set-up", "C62"),
)


def flat(amount: str, *, cadence: Mapping[str, Any] = MONTHLY, timing: str = "in_advance") -> dict[str, Any]:
    return {"kind": "recurring", "model": "flat", "timing": timing, "cadence": dict(cadence), "amount": amount}


def seats(unit: str, *, cadence: Mapping[str, Any] = MONTHLY, timing: str = "in_advance") -> dict[str, Any]:
    return {"kind": "recurring", "model": "per_unit", "timing": timing, "cadence": dict(cadence), "unit": unit}


def metered(meter: str, unit: str, per: str = "1") -> dict[str, Any]:
    return {"kind": "usage", "model": "per_unit", "cadence": MONTHLY, "meter": meter, "unit": unit, "per": per}


def tiered(meter: str, tiers: list[dict[str, Any]], settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    price = {"kind": "usage", "model": "graduated", "cadence": MONTHLY, "meter": meter, "tiers": tiers}
    return {**price, "settings": dict(settings)} if settings else price


GB_MONTH = {"convert": {"divide": "1000", "per_period_seconds": True}}
ALLOWANCE = [{"up_to": "100", "unit": "0"}, {"up_to": "1000", "unit": "0.10"}, {"up_to": None, "unit": "0.08"}]

# plan → (name, [(price code, product, value)]): the figures hold in every currency of PLAN_CURRENCIES
PLAN_CURRENCIES = ("USD", "EUR", "JPY")
PLANS: dict[str, tuple[str, list[tuple[str, str, dict[str, Any]]]]] = {
    "seats": ("Team", [("seats", "seats", seats("29"))]),
    "seats_yearly": ("Team, yearly", [("seats", "seats", seats("300", cadence=YEARLY))]),
    "api": ("Pay as you go", [("calls", "api", metered("api.calls", "0.001"))]),
    "hybrid": (
        "Platform",
        [
            ("platform", "platform", flat("99")),
            ("storage", "storage", tiered("storage.mb_seconds", ALLOWANCE, GB_MONTH)),
        ],
    ),
    "tokens": (
        "Tokens",
        [
            ("context", "context", metered("tokens.context", "3", "1000000")),
            ("generated", "generated", metered("tokens.generated", "15", "1000000")),
        ],
    ),
    "everything": (
        "Everything",
        [
            ("seats", "seats", seats("29")),
            ("calls", "api", metered("api.calls", "0.001")),
            ("platform", "platform", flat("99")),
            ("setup", "setup", {"kind": "one_off", "model": "flat", "amount": "250"}),
        ],
    ),
}


@dataclass(frozen=True)
class Desk:
    """A seller with its catalog: ids by code."""

    seller_id: int
    currency: str
    timezone: str
    country: str
    meters: Mapping[str, int]
    products: Mapping[str, int]
    plans: Mapping[str, int]  # published plan versions


@dataclass(frozen=True)
class Client:
    """An account with one customer, one contract and (if a plan was named) one subscription."""

    account_id: int
    customer_id: int
    contract_id: int
    subscription_id: int


def found(
    session: Session,
    *,
    code: str = "US",
    name: str = "Countinghouse Inc.",
    currency: str = "USD",
    timezone: str = "America/New_York",
    country: str = "US",
    now: datetime = NOW,
) -> Desk:
    """A seller with meters, products and published plans (see PLANS)."""
    seller_id = catalog.add_seller(
        session,
        ADA,
        now,
        code=code,
        name=name,
        functional_currency=currency,
        timezone=timezone,
        country=country,
        valid_from=SINCE,
        address={"lines": ["1 Ledger Street"], "postal_code": "10001", "city": "New York"},
        tax_ids={"EIN": "12-3456789"},
        bank={"holder": name, "bank": "First Bank", "account_number": "000123456789"},
        texts={"email": "billing@countinghouse.example", "footer_text": "Thank you."},
    )
    return _stock(session, seller_id, currency, timezone, country, now)


def found_european(session: Session, *, now: datetime = NOW) -> Desk:
    """The second seller: EUR, Berlin."""
    seller_id = catalog.add_seller(
        session,
        ADA,
        now,
        code="EU",
        name="Countinghouse Europe GmbH",
        functional_currency="EUR",
        timezone="Europe/Berlin",
        country="DE",
        valid_from=SINCE,
        address={"lines": ["Lindenstraße 4"], "postal_code": "10969", "city": "Berlin"},
        tax_ids={"VAT": "DE123456788"},
        bank={"holder": "Countinghouse Europe GmbH", "iban": "DE02120300000000202051", "bic": "BYLADEM1001"},
        texts={"email": "rechnung@countinghouse.example", "footer_text": "Geschäftsführerin: Jana Groß"},
    )
    return _stock(session, seller_id, "EUR", "Europe/Berlin", "DE", now)


def _stock(session: Session, seller_id: int, currency: str, timezone: str, country: str, now: datetime) -> Desk:
    meters = {
        code: catalog.add_meter(
            session,
            OLGA,
            now,
            seller_id=seller_id,
            code=code,
            name=name,
            aggregation=aggregation,
            unit=unit,
            valid_from=SINCE,
        )
        for code, name, aggregation, unit in METERS
    }
    products = {
        code: catalog.add_product(session, OLGA, now, seller_id=seller_id, code=code, name=name, unit_code=unit)
        for code, name, unit in PRODUCTS
    }
    plans = {code: add_plan(session, seller_id, code, name, prices, now=now) for code, (name, prices) in PLANS.items()}
    return Desk(seller_id, currency, timezone, country, meters, products, plans)


def add_plan(
    session: Session,
    seller_id: int,
    code: str,
    name: str,
    prices: list[tuple[str, str, dict[str, Any]]],
    *,
    currencies: tuple[str, ...] = PLAN_CURRENCIES,
    author: Actor = OLGA,
    publisher: Actor = ANNA,
    now: datetime = NOW,
) -> int:
    """A plan with one published version; prices are (code, product, value). Returns the version's id."""
    plan_id = catalog.add_plan(session, author, now, seller_id=seller_id, code=code, name=name)
    written = [
        {"code": price, "currency": currency, "product": product, "value": value}
        for currency in currencies
        for price, product, value in prices
    ]
    version_id = catalog.write_plan_version(session, author, now, plan_id=plan_id, prices=written)
    catalog.publish_plan_version(session, publisher, now, plan_version_id=version_id)
    return version_id


def add_customer(
    session: Session,
    desk: Desk,
    key: str,
    *,
    plan: str = "",
    quantities: Mapping[str, Any] | None = None,
    started_on: date = SINCE,
    currency: str = "",
    country: str = "",
    timezone: str = "",
    anchor: Anchor | None = None,
    terms_days: int = 30,
    name: str = "",
    actor: Actor = OLGA,
    now: datetime = NOW,
) -> Client:
    """An account, its customer, a contract and, where a plan is named, a subscription `key` in force from `started_on`."""
    shown, land = name or key.title(), country or desk.country
    account_id = catalog.add_account(
        session,
        actor,
        now,
        seller_id=desk.seller_id,
        number=f"A-{key}",
        valid_from=SINCE,
        name=shown,
        country=land,
        address={"lines": ["2 Client Road"], "city": "Clientville"},
        terms_days=terms_days,
        email="ap@client.example",
    )
    customer_id = catalog.add_customer(
        session,
        actor,
        now,
        seller_id=desk.seller_id,
        key=key,
        account_id=account_id,
        valid_from=SINCE,
        name=shown,
        country=land,
        timezone=timezone,
    )
    contract_id = catalog.sign_contract(
        session, actor, now, account_id=account_id, number=f"C-{key}", effective_on=min(SINCE, started_on)
    )
    client = Client(account_id, customer_id, contract_id, 0)
    if not plan:
        return client
    subscription_id = subscribe(
        session,
        desk,
        client,
        plan,
        quantities=quantities,
        started_on=started_on,
        currency=currency,
        anchor=anchor,
        code=key,
        actor=actor,
        now=now,
    )
    return Client(account_id, customer_id, contract_id, subscription_id)


def subscribe(
    session: Session,
    desk: Desk,
    client: Client,
    plan: str,
    *,
    code: str,
    quantities: Mapping[str, Any] | None = None,
    started_on: date = SINCE,
    currency: str = "",
    anchor: Anchor | None = None,
    actor: Actor = OLGA,
    now: datetime = NOW,
) -> int:
    """Another subscription of a client."""
    return catalog.subscribe(
        session,
        actor,
        now,
        contract_id=client.contract_id,
        customer_id=client.customer_id,
        code=code,
        plan_version_id=desk.plans[plan],
        currency=currency or desk.currency,
        started_on=started_on,
        anchor=anchor,
        quantities=quantities,
    )


def change_seats(
    session: Session, client: Client, on: date, quantity: Any, *, actor: Actor = OLGA, now: datetime = NOW
) -> None:
    """Another number of seats from that local day on."""
    catalog.change_quantity(
        session,
        actor,
        now,
        subscription_id=client.subscription_id,
        price_code="seats",
        effective_on=on,
        quantity=quantity,
        reason="asked for by the customer",
    )
