"""A subscription from its row: its items as they would stand here, and what of them is billed ahead. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from core.catalog.billing_rules import FirstPeriod
from core.catalog.items import takes_quantity
from core.catalog.model import PriceKind, Timing
from core.catalog.prices import price_hash
from core.catalog.views import ContractTerms, ItemView, SubscriptionView
from core.clock import Anchor, AnchorKind
from core.errors import BadInput
from core.invoicing import prepaid
from core.migration.found import Found
from core.migration.model import KnownPrice, RowFault, SubscriptionRow
from core.migration.reading import Cells, day_of
from core.money import parse_decimal
from core.words import Modification

NO_TERMS = ContractTerms(None, None, 0, None, True, Modification.PROSPECTIVE)


def subscription_row(found: Found, cells: Cells) -> SubscriptionRow | None:
    ref, currency, plan = cells.text("id"), cells.currency(), cells.text("plan")
    customer, account = _customer(found, cells)
    prices = _prices(found, cells, plan, currency)
    started_on = cells.day("started_on")
    begins_on = _begins_on(found, cells, started_on)
    anchor = _anchor(cells, started_on)
    quantities = _quantities(cells, prices)
    trial_until, ends_on = cells.day("trial_until"), cells.day("ends_on")
    contract = cells.text("contract", found.number(account))
    owner = found.contracts.setdefault(contract, found.known.contracts.get(contract, (0, found.number(account)))[1])
    if account and owner != found.number(account):
        cells.fault("contract", "other_account", f"The contract {contract!r} is of account {owner}; name another.")
    deferred_minor = cells.minor("deferred", currency)
    billed_until = _billed_until(cells, prices, started_on, begins_on)
    if ref:
        cells.checks.code(ref, "id")
    if begins_on and trial_until and trial_until > begins_on and billed_until:
        cells.fault(
            "trial_until", "billed_in_trial", f"It is in trial until {trial_until}; nothing is billed ahead of that."
        )
    if begins_on and ends_on and ends_on <= begins_on:
        cells.fault(
            "ends_on", "ended", f"It ended on {ends_on}; leave it out, and bring what is owed over as an invoice."
        )
    found.is_new(cells, ref)
    if len(cells.faults) > cells.before or cells.checks.faults or not (started_on and begins_on and anchor and prices):
        cells.done()
        return None
    one_offs = started_on < found.known.opening_on
    view = _sketch(found, ref, currency, begins_on, anchor, prices, quantities)
    left_minor = _left(found, cells, view, billed_until, one_offs, deferred_minor)
    if not cells.done():
        return None
    found.date_of(account, min(started_on, begins_on))
    found.products_of.setdefault(account, prices[0].product)
    return SubscriptionRow(
        cells.row.line,
        ref,
        cells.said,
        customer=customer,
        plan=plan,
        currency=currency,
        contract=contract,
        started_on=started_on,
        begins_on=begins_on,
        anchor=anchor,
        quantities=quantities,
        billed_until=billed_until,
        one_offs=one_offs,
        deferred_minor=deferred_minor,
        left_minor=left_minor,
        trial_until=trial_until if trial_until and trial_until > begins_on else None,
        ends_on=ends_on,
    )


def _customer(found: Found, cells: Cells) -> tuple[str, str]:
    customer = cells.text("customer")
    account = found.customer(customer)
    if customer and account is None:
        sentence = f"There is no customer {customer!r}, neither in the file customers nor here."
        cells.fault("customer", "no_such_customer", sentence)
    return customer, account or ""


def _prices(found: Found, cells: Cells, plan: str, currency: str) -> list[KnownPrice]:
    if plan in found.plans:
        offered = [KnownPrice(one.code, one.currency, one.product, one.price) for one in found.plans[plan].prices]
        if not offered:
            return []  # its rows are at fault, and say so
    elif plan in found.known.plans:
        offered = list(found.known.plans[plan].prices)
        if not found.known.plans[plan].version_id:
            cells.fault("plan", "not_published", f"No version of the plan {plan!r} is published; publish one first.")
            return []
    else:
        if plan:
            cells.fault("plan", "no_such_plan", f"There is no plan {plan!r}, neither in the file plans nor here.")
        return []
    found_prices = [one for one in offered if one.currency == currency]
    if currency and not found_prices:
        known = ", ".join(sorted({one.currency for one in offered}))
        cells.fault("currency", "other_currency", f"The plan {plan!r} has no price in {currency}; it has {known}.")
    return found_prices


def _begins_on(found: Found, cells: Cells, started_on: date | None) -> date | None:
    """The first day that counts here: what was used before it was billed there."""
    opening_on, usage_from = found.known.opening_on, cells.day("usage_from")
    if started_on is None:
        return None
    if usage_from and usage_from < started_on:
        cells.fault("usage_from", "before_start", f"{usage_from} is before it started, on {started_on}.")
    if usage_from and usage_from > max(opening_on, started_on):
        sentence = f"What is used from {opening_on} to {usage_from} would be billed by nobody."
        cells.fault("usage_from", "gap", sentence)
    return max(started_on, usage_from or opening_on)


def _anchor(cells: Cells, started_on: date | None) -> Anchor | None:
    kind = cells.checks.word(cells.text("anchor", AnchorKind.START), "anchor", AnchorKind)
    on = cells.day("anchor_on") or started_on
    return Anchor(kind, on) if kind and on else None


def _by_price(cells: Cells, name: str, prices: Sequence[KnownPrice], codes: Sequence[str]) -> list[tuple[str, str]]:
    """(price code, text) of a cell that says one thing for all of `codes`, or one each: base=…; seats=…"""
    text = cells.text(name)
    if "=" not in text:
        return [(code, text) for code in codes] if text else []
    found = []
    for part in text.split(";"):
        code, _, said = (piece.strip() for piece in part.partition("="))
        if code not in {one.code for one in prices}:
            known = ", ".join(one.code for one in prices)
            cells.fault(name, "no_such_price", f"The plan has no price {code!r} in this currency; it has {known}.")
        elif said:
            found.append((code, said))
    return found


def _quantities(cells: Cells, prices: Sequence[KnownPrice]) -> dict[str, Decimal]:
    if not prices:
        cells.text("quantities")
        return {}
    by_code = {one.code: one.price for one in prices}
    seats = [one.code for one in prices if takes_quantity(one.price) and one.price.kind is PriceKind.RECURRING]
    text = cells.text("quantities")
    if text and "=" not in text and len(seats) > 1:
        cells.fault("quantities", "which", f"Say how many of each: {'; '.join(f'{code}=…' for code in seats)}.")
        return {}
    found: dict[str, Decimal] = {}
    for code, said in _by_price(cells, "quantities", prices, seats):
        try:
            number = parse_decimal(said.replace(",", ".") if cells.rule.decimal_comma else said)
        except BadInput as error:
            cells.fault("quantities", error.faults[0].code, error.faults[0].sentence)
            continue
        if number < 0:
            cells.fault("quantities", "negative", f"A quantity cannot be below 0, but {code!r} is {number}.")
        elif takes_quantity(by_code[code]):
            found[code] = number
        elif number != 1:
            cells.fault("quantities", "quantity_not_used", f"{code!r} goes by no quantity that could be set.")
    for code in seats if not [one for one in cells.faults[cells.before :] if "quantities" in one.column] else ():
        if code not in found:
            cells.fault("quantities", "field_missing", f"How many {code!r} is needed, such as 5.")
    return found


def _billed_until(
    cells: Cells, prices: Sequence[KnownPrice], started_on: date | None, begins_on: date | None
) -> dict[str, date]:
    ahead = [
        one.code for one in prices if one.price.kind is PriceKind.RECURRING and one.price.timing is Timing.IN_ADVANCE
    ]
    days: dict[str, date] = {}
    for code, said in _by_price(cells, "billed_until", prices, ahead):
        day = day_of(said, cells.rule, cells.zone_name)
        if day is None:
            cells.fault("billed_until", "not_a_date", f"{said!r} is no day that exists, in the way the mapper says.")
        elif code in ahead:
            days[code] = day
        else:
            cells.fault("billed_until", "not_in_advance", f"{code!r} is not billed in advance.")
    text = cells.said.get("billed_until", "")
    if text and days and "=" not in text:
        cells.said["billed_until"] = next(iter(days.values())).isoformat()
    for day in dict.fromkeys(days.values()):
        if started_on and day < started_on:
            cells.fault("billed_until", "before_start", f"It is billed until {day}, before it started on {started_on}.")
        elif begins_on and day < begins_on:
            cells.fault("billed_until", "gap", f"The days from {day} to {begins_on} would be billed by nobody.")
    return {code: day for code, day in days.items() if begins_on and day > begins_on}


def _sketch(
    found: Found,
    ref: str,
    currency: str,
    begins_on: date,
    anchor: Anchor,
    prices: Sequence[KnownPrice],
    quantities: Mapping[str, Decimal],
) -> SubscriptionView:
    """The subscription as it would stand, without ids."""
    known = found.known
    items = tuple(
        ItemView(
            id=number,
            price_id=number,
            code=one.code,
            price=one.price,
            price_hash=price_hash(one.price),
            overridden=False,
            product_id=0,
            product_code=one.product,
            product_name=one.product,
            unit_code="C62",
            tax_category=one.price.tax_category,
            meter_id=None,
            plan_version_id=0,
            plan_code="",
            plan_name="",
            starts_on=begins_on,
            ends_on=None,
            billed_from=begins_on,
            quantities=((begins_on, quantities.get(one.code, Decimal(1))),),
        )
        for number, one in enumerate(prices, 1)
    )
    zones = ((begins_on, known.timezone),)
    return SubscriptionView(
        0,
        known.seller_id,
        ref,
        0,
        "",
        NO_TERMS,
        0,
        0,
        "",
        currency,
        anchor,
        1,
        begins_on,
        None,
        zones,
        items,
        rules=known.rules,
    )


def _left(
    found: Found,
    cells: Cells,
    view: SubscriptionView,
    billed_until: Mapping[str, date],
    one_offs: bool,
    deferred_minor: int | None,
) -> int:
    """What is left to earn of what was billed ahead, in the minor unit."""
    opening_on = found.known.opening_on
    if deferred_minor and not billed_until:
        cells.fault("deferred", "nothing_ahead", "Nothing was billed ahead, so nothing is left to earn of it.")
        return 0
    full = found.known.rules.first_period(view.started_on) is FirstPeriod.FULL_PERIOD
    if full and billed_until and deferred_minor is None:
        sentence = "First periods are paid in full here, so prices do not say what is left to earn; give the amount."
        cells.fault("deferred", "field_missing", sentence)
        return 0
    try:
        lines = prepaid(view, billed_until, opening_on, one_offs=one_offs, deferred_minor=deferred_minor)
    except BadInput as error:
        for one in error.faults:
            cells.fault(one.path, one.code, one.sentence)
        return 0
    for item in view.items:
        until = billed_until.get(item.code)
        if until and view.tile(item, until).days.start != until:
            end = view.tile(item, until).days.end
            sentence = f"{until} is inside a billing period; the days of {item.code!r} to {end} are billed with the first draft."
            column = cells.row.columns.get("billed_until", "billed_until")
            found.notes.append(RowFault(cells.kind, cells.row.line, column, "inside_a_period", sentence))
    return sum(line.net_minor for line in lines)
