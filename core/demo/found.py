"""The ground that the demo stands on: people, sellers with their books, catalog, customers and what they bought."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core import catalog, desk, ledger, metering
from core import people as core_people
from core.clock import Anchor, AnchorKind
from core.demo import seed
from core.demo.seed import DemoCustomer
from core.words import TaxCategory

FIRST_DAY = date(2023, 1, 1)
TRACE_SOURCE = "azure-llm-2023-code"
TRACE_RULE = {
    "zone": "UTC",
    "customer": {"value": "orbit"},
    "occurred_at": {"column": "TIMESTAMP"},
    "events": [
        {"meter": {"value": "tokens.context"}, "quantity": {"column": "ContextTokens"}, "suffix": ":context"},
        {"meter": {"value": "tokens.generated"}, "quantity": {"column": "GeneratedTokens"}, "suffix": ":generated"},
    ],
    "id": {"rule": "hash", "columns": ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]},
}


@dataclass(frozen=True)
class Ground:
    """Ids by code: sellers, products by seller, and per customer its account and its subscriptions by plan."""

    sellers: dict[str, int]
    customers: dict[str, int]
    accounts: dict[str, int]
    subscriptions: dict[tuple[str, str], int]
    products: dict[tuple[str, str], int]


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def found(session: Session, business_date: date) -> Ground:
    """Everything that exists before the first month; in one transaction."""
    now = noon(FIRST_DAY)
    people = seed.people()
    founder = people["sam"]
    core_people.add_first_administrator(session, now, login=founder.login, name=founder.name, password=founder.password)
    desk.make_demo(session, founder.actor, now, on=business_date)
    for someone in people.values():
        if someone is not founder:
            core_people.add_user(
                session,
                founder.actor,
                now,
                login=someone.login,
                name=someone.name,
                email=someone.email,
                role=someone.role,
                password=someone.password,
            )
    sellers = {row["code"]: _seller(session, row, now) for row in seed.table("sellers.csv")}
    _taxes(session, sellers, now)
    _rates(session)
    versions = {code: _catalog(session, seller_id, now) for code, seller_id in sellers.items()}
    products = {
        (code, p.code): p.id for code, seller_id in sellers.items() for p in catalog.products(session, seller_id)
    }
    ground = Ground(sellers, {}, {}, {}, products)
    for number, customer in enumerate(seed.customers(), 1001):
        _customer(session, ground, versions[customer.seller], customer, number)
    metering.save_mapping(
        session, people["mira"].actor, now, seller_id=sellers["US"], source=TRACE_SOURCE, rule=TRACE_RULE
    )
    return ground


def offer_coupons(session: Session, ground: Ground, day: date) -> None:
    """What is taken off from April on; until then nothing of the demo comes to another figure by it."""
    mira, now = seed.people()["mira"].actor, noon(day)
    for view in catalog.sellers(session):
        offers: dict[str, dict[str, Any]] = {
            "SPRING-10": {"name": "Spring offer", "percent": Decimal(10), "times": 3, "most_grants": 25},
            "WELCOME-50": {"name": "Welcome", "amount_minor": 5000, "currency": view.functional_currency, "times": 1},
        }
        made = {
            code: catalog.add_coupon(
                session, mira, now, seller_id=view.id, code=code, expires_on=date(2024, 7, 1), **offer
            )
            for code, offer in offers.items()
        }
        if view.id == ground.sellers["US"]:
            catalog.grant_coupon(
                session, mira, now, coupon_id=made["SPRING-10"], scope="account",
                scope_id=ground.accounts["northwind"], valid_from=date(2024, 4, 1), reason="the spring campaign",
            )  # fmt: skip


def _seller(session: Session, row: dict[str, str], now: datetime) -> int:
    seller_id = catalog.add_seller(
        session,
        seed.people()["sam"].actor,
        now,
        code=row["code"],
        name=row["name"],
        functional_currency=row["currency"],
        timezone=row["timezone"],
        country=row["country"],
        valid_from=FIRST_DAY,
        address={
            "lines": [row["street"]],
            "postal_code": row["postal_code"],
            "city": row["city"],
            "region": row["region"],
        },
        tax_ids={row["tax_scheme"]: row["tax_id"]},
        bank={
            "holder": row["name"],
            "bank": row["bank"],
            "iban": row["iban"],
            "bic": row["bic"],
            "account_number": row["account_number"],
            "routing_number": row["routing_number"],
        },
        texts={"email": row["email"], "footer_text": row["footer"]},
    )
    ledger.open_books(session, seed.people()["ada"].actor, now, seller_id, FIRST_DAY)
    return seller_id


def _taxes(session: Session, sellers: dict[str, int], now: datetime) -> None:
    for row in seed.table("taxes.csv"):
        ledger.set_tax_rate(
            session,
            seed.people()["ada"].actor,
            now,
            seller_id=sellers[row["seller"]],
            country=row["country"],
            product_category=TaxCategory.STANDARD,
            category=TaxCategory(row["category"]),
            percent=Decimal(row["percent"]),
            label=row["label"],
            valid_from=FIRST_DAY,
            reason=row["reason"],
        )


def _rates(session: Session) -> None:
    for row in seed.table("fx.csv"):
        on = date.fromisoformat(row.pop("on"))
        for pair, rate in row.items():
            base, quote = pair.split("/")
            ledger.set_fx_rate(
                session,
                seed.people()["ada"].actor,
                noon(on),
                base=base,
                quote=quote,
                on=on,
                rate=Decimal(rate),
                source="central bank",
            )


def _catalog(session: Session, seller_id: int, now: datetime) -> dict[str, int]:
    """Meters, products and plans of one seller; the published version of each plan by its code."""
    mira, ada = seed.people()["mira"].actor, seed.people()["ada"].actor
    given = seed.plans()
    for meter in given["meters"]:
        catalog.add_meter(session, mira, now, seller_id=seller_id, valid_from=FIRST_DAY, **meter)
    for product in given["products"]:
        catalog.add_product(session, mira, now, seller_id=seller_id, **product)
    versions = {}
    for plan in given["plans"]:
        plan_id = catalog.add_plan(session, mira, now, seller_id=seller_id, code=plan["code"], name=plan["name"])
        prices: list[dict[str, Any]] = [
            {"code": price["code"], "currency": currency, "product": price["product"], "value": value}
            for price in plan["prices"]
            for currency, value in seed.price_values(price)
        ]
        version_id = catalog.write_plan_version(session, mira, now, plan_id=plan_id, prices=prices)
        catalog.publish_plan_version(session, ada, now, plan_version_id=version_id)
        versions[plan["code"]] = version_id
    return versions


def _customer(session: Session, ground: Ground, versions: dict[str, int], customer: DemoCustomer, number: int) -> None:
    ben = seed.people()["ben"].actor
    now = noon(customer.started_on)
    seller_id = ground.sellers[customer.seller]
    account_id = catalog.add_account(
        session,
        ben,
        now,
        seller_id=seller_id,
        number=f"A-{number}",
        valid_from=FIRST_DAY,
        name=customer.name,
        country=customer.country,
        address={"lines": [customer.address], "city": customer.city},
        tax_ids={"VAT": customer.tax_id} if customer.tax_id else {},
        terms_days=customer.terms_days,
        email=customer.email,
    )
    customer_id = catalog.add_customer(
        session,
        ben,
        now,
        seller_id=seller_id,
        key=customer.key,
        account_id=account_id,
        valid_from=FIRST_DAY,
        name=customer.name,
        country=customer.country,
        timezone=customer.timezone,
    )
    contract_id = catalog.sign_contract(
        session, ben, now, account_id=account_id, number=f"C-{number}", effective_on=customer.started_on
    )
    for plan in customer.plans:
        yearly = plan == "team-yearly"
        ground.subscriptions[customer.key, plan] = catalog.subscribe(
            session,
            ben,
            now,
            contract_id=contract_id,
            customer_id=customer_id,
            code=f"{customer.key}-{plan}",
            plan_version_id=versions[plan],
            currency=customer.currency,
            started_on=customer.started_on,
            anchor=Anchor(AnchorKind.START if yearly else AnchorKind.CALENDAR, customer.started_on),
            quantities={"seats": customer.seats} if plan.startswith("team") else None,
        )
    ground.customers[customer.key] = customer_id
    ground.accounts[customer.key] = account_id
