"""`what-if`: the options of the shell's word, and the answer to them. The database is read and not written."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlmodel import Session

from core import analytics, catalog
from core.analytics import Ask, Candidate, WhatIf
from core.errors import BadInput
from core.people import Actor


def add_options(made: argparse.ArgumentParser) -> None:
    tried = made.add_mutually_exclusive_group(required=True)
    tried.add_argument("--plan", default="", help="the candidate: the newest version of this plan, published or not")
    tried.add_argument("--prices", type=argparse.FileType("r"), help="the candidate as JSON: a list of prices, unsaved")
    made.add_argument("--version", type=int, default=None, help="another version of --plan")
    made.add_argument("--instead", default="", help="replace this plan alone (default: whatever they are on)")
    made.add_argument("--customer", action="append", default=None, help="this key alone; may be given again")
    made.add_argument("--months", type=int, default=12, help="how many whole months back from today (default: 12)")
    made.add_argument("--flat", default="", metavar="PRICE", help="only this usage price, on customers who pay flat")
    made.add_argument("--seats", type=int, default=None, help="for seats of which no subscription tells the number")
    made.add_argument("--csv", type=Path, default=None, help="also write every customer and month into this file")


def answered(
    session: Session, actor: Actor, seller_id: int, today: date, given: Any, progress: Callable[[int, int], None] | None
) -> WhatIf:
    """What the options ask. The flat-rate report is the answer for one usage price, of those who pay flat alone."""
    candidate = _candidate(session, seller_id, given)
    months = analytics.last_months(today, given.months)
    ask = Ask(
        seller_id, candidate, months, given.instead, _ids(session, seller_id, given.customer), _seats(candidate, given)
    )
    answer = analytics.what_if(session, actor, ask, progress)
    if given.flat:
        answer = replace(answer, figures=tuple(each.figures for each in analytics.flat_rates(answer)))
    if given.csv:
        given.csv.write_text(analytics.as_csv(answer), encoding="utf-8")
    return answer


def _candidate(session: Session, seller_id: int, given: Any) -> Candidate:
    if given.prices:
        prices = catalog.read_text(f'{{"prices": {given.prices.read()}}}').get("prices")
        if not isinstance(prices, list):
            raise BadInput.one(
                "not_a_list", "--prices", "The file must hold a list of prices, as a plan's version has them."
            )
        candidate = analytics.of_prices(session, seller_id, prices, given.prices.name)
    else:
        candidate = analytics.of_plan(session, seller_id, given.plan, given.version)
    return analytics.of_price(candidate, given.flat) if given.flat else candidate


def _seats(candidate: Candidate, given: Any) -> Mapping[str, Decimal]:
    if given.seats is None:
        return {}
    return {price.code: Decimal(given.seats) for price in candidate.prices if price.price.per_seat}


def _ids(session: Session, seller_id: int, keys: list[str] | None) -> tuple[int, ...] | None:
    if keys is None:
        return None
    found = {key: catalog.customer_keyed(session, seller_id, key) for key in keys}
    unknown = [key for key, id_ in found.items() if id_ is None]
    if unknown:
        raise BadInput.one("no_such_customer", "--customer", f"There is no customer {', '.join(unknown)}.")
    return tuple(id_ for id_ in found.values() if id_ is not None)
