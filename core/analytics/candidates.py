"""Where a candidate comes from: a version of a plan, published or not, or prices that nobody has saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from core import catalog
from core.analytics.model import Candidate
from core.catalog.views import PriceView
from core.errors import BadInput, NotFound
from core.words import PriceKind


def of_version(session: Session, seller_id: int, plan_version_id: int) -> Candidate:
    """The prices of a version of one of the seller's plans."""
    view = catalog.plan_version(session, plan_version_id)
    if view.seller_id != seller_id:
        raise NotFound("no_such_plan_version", f"There is no version {plan_version_id} of a plan of this seller.")
    return Candidate(f"{view.plan_name or view.plan_code} v{view.version}", _compared(view.prices))


def of_plan(session: Session, seller_id: int, code: str, version: int | None = None) -> Candidate:
    """A version of the plan with that code, published or not; the newest without a number."""
    mine = [view for view in catalog.plan_versions(session, seller_id) if view.plan_code == code]
    found = [view for view in mine if version is None or view.version == version]
    if not found:
        known = ", ".join(str(view.version) for view in mine) or "none"
        raise BadInput.one(
            "no_such_plan", "plan", f"There is no such version of a plan {code!r}; versions of it: {known}."
        )
    return of_version(session, seller_id, max(found, key=lambda view: view.version).id)


def of_prices(session: Session, seller_id: int, prices: Sequence[Mapping[str, Any]], name: str) -> Candidate:
    """Prices as `catalog.write_plan_version` takes them; every fault that it would refuse is refused here. Nothing is saved."""
    return Candidate(name, _compared(catalog.planned_prices(session, seller_id=seller_id, prices=prices)))


def of_price(candidate: Candidate, code: str) -> Candidate:
    """One usage price alone, in every currency that it has: what the flat-rate report asks."""
    found = tuple(price for price in candidate.prices if price.code == code and price.price.kind is PriceKind.USAGE)
    if not found:
        known = ", ".join(usage_codes(candidate)) or "none"
        raise BadInput.one(
            "no_such_price", "price", f"{candidate.name} has no usage price {code!r}; usage prices in it: {known}."
        )
    return replace(candidate, name=f"{candidate.name}, {code}", prices=found)


def usage_codes(candidate: Candidate) -> tuple[str, ...]:
    """The codes of its usage prices, in order."""
    return tuple(dict.fromkeys(each.code for each in candidate.prices if each.price.kind is PriceKind.USAGE))


def _compared(prices: Sequence[PriceView]) -> tuple[PriceView, ...]:
    """One-offs are no part of a comparison by months."""
    kept = tuple(price for price in prices if price.price.kind is not PriceKind.ONE_OFF)
    if not kept:
        raise BadInput.one(
            "nothing_recurs", "prices", "Nothing in it recurs or goes by usage, so there are no months to compare."
        )
    return kept
