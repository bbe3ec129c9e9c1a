"""Prices and periods that several tests rate with."""

from datetime import date
from typing import Any

from core.catalog.model import Price
from core.catalog.prices import price_from_json
from core.clock import Period
from core.rating import PeriodInfo

MONTHLY = {"every": 1, "unit": "month"}
NOVEMBER = Period(date(2023, 11, 1), date(2023, 12, 1))
NOVEMBER_UTC = PeriodInfo.of(NOVEMBER, "UTC")


def usage_price(model: str, currency: str = "USD", **fields: Any) -> Price:
    return price_from_json(
        {"kind": "usage", "model": model, "cadence": MONTHLY, "meter": "calls", "currency": currency, **fields}
    )


def seat_price(unit: str = "29", timing: str = "in_advance", **fields: Any) -> Price:
    """So much per seat and month."""
    fields = {"model": "per_unit", "unit": unit, **fields} if "model" not in fields else fields
    return price_from_json({"kind": "recurring", "timing": timing, "cadence": MONTHLY, "currency": "USD", **fields})


def flat_price(amount: str, currency: str = "USD", **fields: Any) -> Price:
    timing = {"timing": "in_advance", "cadence": MONTHLY}
    return price_from_json(
        {"kind": "recurring", "model": "flat", "amount": amount, "currency": currency, **timing, **fields}
    )


def tiers(*rows: tuple[str | None, str] | tuple[str | None, str, str]) -> list[dict[str, Any]]:
    """Rows of (up_to, unit) or (up_to, unit, flat)."""
    return [{"up_to": row[0], "unit": row[1], "flat": row[2] if len(row) == 3 else "0"} for row in rows]
