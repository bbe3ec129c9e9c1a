"""A new subscription: which plan under which contract, from when, with which seats; with what it would bill.

Plan, currency and contract stand above the form, because they decide which fields there are.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import streamlit as st
from sqlmodel import Session

from app import dialogs, previews, session, widgets, wording
from app.actions import Deed
from core import catalog, invoicing
from core.catalog import ContractView, CustomerRow, NewContract, PlanVersionView, PriceView, Subscribe, SubscriptionView
from core.clock import Anchor, AnchorKind
from core.words import PriceKind, VersionState

NAME: Final = "new-subscription"
PERMISSION: Final = "catalog.subscribe"
SIGN: Final = 0
PERIODS: Final = {
    "start": "with the first day, or after the trial",
    "calendar": "with the calendar: on the 1st",
    "day": "on the billing day below",
}


def button(row: CustomerRow) -> None:
    st.button("New subscription…", key=NAME, **session.offered(PERMISSION), **dialogs.opens(NAME, row.id))


def asked(db: Session, row: CustomerRow, held: list[SubscriptionView]) -> None:
    """Draw the dialog, if it is open for this customer."""
    if not (dialogs.asked(NAME) and dialogs.about() == row.id):
        return
    offers = _offers(db, session.here().seller.id)
    if not offers:
        dialogs.ask(f"A subscription for {row.name}?", lambda: widgets.text("No plan is published yet: see Catalog."))
        return
    contracts = catalog.contracts(db, session.here().seller.id, row.account_id)

    def save(deed: Deed, wanted: Subscribe) -> None:
        catalog.begin_subscription(deed.db, deed.actor, deed.now, wanted)

    change = previews.Change(
        row.id,
        lambda _db: _fields(row, offers, contracts, {view.code for view in held}),
        lambda read, wanted: [invoicing.preview_new(read, previews.now(), wanted)],
        save,
        f"{row.name} has a new subscription.",
        "Subscribe",
    )
    dialogs.ask(
        f"A subscription for {row.name}?",
        lambda: previews.body(change),
        width="large",
        above=lambda: _above(offers, contracts, held),
    )


def _offers(db: Session, seller_id: int) -> dict[int, PlanVersionView]:
    """The newest published version of every plan."""
    newest: dict[str, PlanVersionView] = {}
    for version in catalog.plan_versions(db, seller_id):
        if version.state is VersionState.PUBLISHED:
            newest[version.plan_code] = version
    return {version.id: version for version in newest.values()}


# ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _above(offers: Mapping[int, PlanVersionView], contracts: list[ContractView], held: list[SubscriptionView]) -> None:
    left, middle, right = st.columns((5, 2, 4))
    with left:
        dialogs.pick("Plan", {id_: f"{one.plan_name}, version {one.version}" for id_, one in offers.items()})
    with middle:
        currencies = _currencies(offers, held)
        dialogs.pick("Currency", dict(zip(currencies, currencies, strict=True)), path="currency")
    with right:
        dialogs.pick("Contract", _contracts(contracts), path="contract_id")


def _currencies(offers: Mapping[int, PlanVersionView], held: list[SubscriptionView]) -> list[str]:
    """All that any plan has; first what the customer pays in already, else the seller's own."""
    seller = session.here().seller
    usual = [*(view.currency for view in held), seller.functional_currency if seller else ""]
    known = sorted({price.currency for one in offers.values() for price in one.prices})
    return list(dict.fromkeys([*(one for one in usual if one in known), *known]))


def _contracts(contracts: list[ContractView]) -> dict[int, str]:
    return {**{one.id: one.number for one in contracts}, SIGN: "sign a new one"}


def _fields(
    row: CustomerRow, offers: Mapping[int, PlanVersionView], contracts: list[ContractView], taken: set[str]
) -> Callable[[], Subscribe]:
    version = offers[dialogs.chosen("Plan", next(iter(offers)))]
    currency = dialogs.chosen("Currency", "")
    prices = [price for price in version.prices if price.currency == currency]
    _costs(prices, currency)
    first, second, third = st.columns(3)
    with first:
        since = dialogs.day("First day", session.here().today, path="started_on")
        seats = {price.code: _seats(price) for price in prices if price.price.by_quantity and _is_set(price)}
        proposed = _free(version.plan_code, taken)
        code = dialogs.line("Code", hint=proposed, help=f"Left empty: {proposed}", path="code")
    with second:
        periods = dialogs.pick("Billing periods begin", PERIODS)
        billing_day = dialogs.maybe_day("Billing day", help="Any day on which a period begins", path="anchor")
    with third:
        trial = dialogs.maybe_day("First billed day after a trial", help="Left empty: no trial", path="trial_until")
        usage = dialogs.pick("Usage in the trial", {"free": "is free", "billed": "is billed"}, path="trial_usage")
    contract = _contract(row, contracts)

    def asked() -> Subscribe:
        anchor = None
        if periods() != "start":
            anchor = Anchor(AnchorKind(periods()), billing_day() or since())
        return Subscribe(
            customer_id=row.id,
            contract=contract(),
            code=code().strip() or proposed,
            plan_version_id=version.id,
            currency=currency,
            started_on=since(),
            anchor=anchor,
            quantities={one: typed().strip() for one, typed in seats.items()},
            trial_until=trial(),
            trial_usage=usage(),
        )

    return asked


def _costs(prices: list[PriceView], currency: str) -> None:
    if not prices:
        widgets.text(f"This plan has no price in {currency}: choose another currency or plan.", "bad")
    widgets.sheet(
        ("", ""), [(price.code, wording.price(price.price, currency)) for price in prices], widths=("25%", "")
    )


def _is_set(price: PriceView) -> bool:
    """Whether people set its quantity: seats and pieces; usage is metered."""
    return price.price.kind is not PriceKind.USAGE


def _seats(price: PriceView) -> Callable[[], str]:
    what = "Seats" if price.price.kind is PriceKind.RECURRING else "Pieces"
    return dialogs.line(f"{what}: {price.code}", str(Decimal(1)), path=f"quantities.{price.code}")


def _free(plan_code: str, taken: set[str]) -> str:
    number = 1
    while (code := plan_code if number == 1 else f"{plan_code}-{number}") in taken:
        number += 1
    return code


def _contract(row: CustomerRow, contracts: list[ContractView]) -> Callable[[], Any]:
    """The chosen contract, or the fields of the one that is signed."""
    chosen = dialogs.chosen("Contract", next(iter(_contracts(contracts))))
    if chosen != SIGN:
        return lambda: chosen
    proposed = f"{row.account_number}-{len(contracts) + 1}"
    first, second, third, fourth = st.columns(4)
    with first:
        number = dialogs.line("Contract number", hint=proposed, help=f"Left empty: {proposed}", path="number")
    with second:
        signed = dialogs.maybe_day("Signed on", help="Left empty: the first day", path="effective_on")
    with third:
        committed = dialogs.maybe_day("Committed until", help="Left empty: not committed", path="committed_until")
    with fourth:
        ends = dialogs.maybe_day("First day after the term", help="Left empty: no end", path="term_end")
    today = session.here().today
    return lambda: NewContract(
        number().strip() or proposed,
        signed() or dialogs.chosen("First day", today),
        term_end=ends(),
        committed_until=committed(),
    )
