"""The seed files as frozen values. Pure: reads data/seed and nothing else."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from core.people import Actor, person
from core.words import Role

SEED = Path(__file__).parent.parent.parent / "data" / "seed"
TRACE = SEED.parent / "traces" / "azure_llm_inference_2023_code.csv"


def table(name: str) -> Iterator[dict[str, str]]:
    with (SEED / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@dataclass(frozen=True)
class DemoPerson:
    login: str
    name: str
    email: str
    role: Role
    password: str

    @property
    def actor(self) -> Actor:
        return person(self.login, self.name, self.role)


@cache
def people() -> dict[str, DemoPerson]:
    """By login."""
    rows = table("people.csv")
    return {
        row["login"]: DemoPerson(row["login"], row["name"], row["email"], Role(row["role"]), row["password"])
        for row in rows
    }


@dataclass(frozen=True)
class DemoCustomer:
    """A row of customers.csv; `calls_per_day` and `gigabytes` are the levels around which its usage is generated."""

    seller: str
    key: str
    name: str
    country: str
    city: str
    address: str
    timezone: str
    currency: str
    plans: tuple[str, ...]
    seats: int
    started_on: date
    terms_days: int
    pays_after_days: int
    calls_per_day: int
    gigabytes: int
    tax_id: str
    email: str


@cache
def customers() -> tuple[DemoCustomer, ...]:
    return tuple(
        DemoCustomer(
            seller=row["seller"],
            key=row["key"],
            name=row["name"],
            country=row["country"],
            city=row["city"],
            address=row["address"],
            timezone=row["timezone"],
            currency=row["currency"],
            plans=tuple(row["plan"].split("+")),
            seats=int(row["seats"] or 0),
            started_on=date.fromisoformat(row["started_on"]),
            terms_days=int(row["terms_days"]),
            pays_after_days=int(row["pays_after_days"]),
            calls_per_day=int(row["calls_per_day"] or 0),
            gigabytes=int(row["gigabytes"] or 0),
            tax_id=row["tax_id"],
            email=row["email"],
        )
        for row in table("customers.csv")
    )


@dataclass(frozen=True)
class Event:
    """A row of story.csv: on that day something happened to a customer."""

    on: date
    customer: str
    what: str
    value: str
    note: str


@cache
def story() -> tuple[Event, ...]:
    return tuple(
        Event(date.fromisoformat(row["on"]), row["customer"], row["what"], row["value"], row["note"])
        for row in table("story.csv")
    )


@dataclass(frozen=True)
class Late:
    """Usage of these days (the last one included) arrived on another."""

    customer: str
    start: date
    last: date
    arrives_on: date


@cache
def late() -> tuple[Late, ...]:
    return tuple(
        Late(row["customer"], *(date.fromisoformat(row[name]) for name in ("from", "to", "arrives_on")))
        for row in table("late.csv")
    )


@cache
def payment_habits() -> dict[tuple[str, date], tuple[str, str]]:
    """(customer, bill date) → how that invoice was paid, and the figure that goes with it."""
    return {
        (row["customer"], date.fromisoformat(row["bill_on"])): (row["how"], row["value"])
        for row in table("payments.csv")
    }


def plans() -> dict[str, Any]:
    """plans.json: meters, products, plans."""
    found: dict[str, Any] = json.loads((SEED / "plans.json").read_text(encoding="utf-8"))
    return found


def price_values(price: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(currency, price JSON) of one price of plans.json. A tier's unit is its `share` of the currency's unit price."""
    amounts: dict[str, dict[str, str]] = price["amounts"]
    for currency in next(iter(amounts.values())):
        value = dict(price["value"])
        if "tiers" in price:
            unit = Decimal(amounts["unit"][currency])
            value["tiers"] = [
                {"up_to": tier["up_to"], "unit": _text(unit * Decimal(tier["share"]))} for tier in price["tiers"]
            ]
        else:
            value |= {name: by_currency[currency] for name, by_currency in amounts.items()}
        yield currency, value


def _text(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
