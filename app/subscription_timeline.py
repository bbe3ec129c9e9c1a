"""A customer's subscriptions as timelines: what is in force, what is scheduled, what was; and what can be done to them."""

from collections.abc import Sequence
from datetime import date

from app import messages, session, subscription_changes, subscription_new, widgets, wording
from core import catalog
from core.catalog import CustomerRow, ItemView, SubscriptionView, TimelineFact
from core.db import Session
from core.words import SubscriptionChangeKind as Kind

STATES = {"scheduled": ("Scheduled", "blue"), "in_force": ("In force", "green"), "past": ("Past", "gray")}


def draw(db: Session, row: CustomerRow) -> None:
    views = catalog.subscriptions(db, customer_ids=[row.id])
    subscription_new.button(row)
    if not views:
        messages.empty(
            "No subscription yet.", "“New subscription…” signs a contract and puts the customer on a published plan."
        )
    for view in views:
        _one(db, view)
    subscription_new.asked(db, row, views)
    subscription_changes.asked({view.id: view for view in views})


def _one(db: Session, view: SubscriptionView) -> None:
    today = session.here().today
    live = [item for item in view.items if item.ends_on is None or item.ends_on > today] or view.items
    plans = wording.listed(dict.fromkeys(item.plan_name or item.plan_code for item in live))
    widgets.section(plans or view.code, _note(view, today))
    subscription_changes.buttons(view)
    rows = [row for item in view.items for row in _item_rows(item, view.currency, today)]
    head = ("Item", "Price", "Quantity", "From", "Until", "")
    widgets.sheet(head, rows, num=(2,), widths=("17%", "27%", "11%", "16%", "16%", "13%"))
    facts = catalog.timeline_facts(db, view.id)
    said = [_fact_row(fact, facts, view.currency, today) for fact in reversed(facts) if not _is_first(fact, view)]
    if said:
        widgets.section("Changes", "the newest first")
        widgets.sheet(("From", "What", "", "By", "Reason"), said, widths=("16%", "32%", "14%", "", ""))
    if any(fact.kind is Kind.PRICE and max(_days(fact)) > today for fact in facts):
        widgets.text("A price to come is not withdrawn: phases or an own price from the same day take its place.")
    for change_id in dict.fromkeys(
        fact.change_id for fact in facts if fact.effective_on > today and fact.kind not in (Kind.TRIAL, Kind.PRICE)
    ):
        of_it = [fact for fact in facts if fact.change_id == change_id]
        subscription_changes.withdraws(view, change_id, _says(of_it[0], view.currency))


def _note(view: SubscriptionView, today: date) -> str:
    parts = [view.code, view.currency, f"since {wording.day(view.started_on)}"]
    if view.trial is not None and view.trial.until > today:
        parts.append(f"trial until {wording.day(view.trial.until)}")
    if any(span.start <= today and (span.end is None or today < span.end) for span in view.pauses):
        parts.append("paused")
    if view.ended_on is not None:
        parts.append(("ended " if view.ended_on <= today else "ends ") + wording.day(view.ended_on))
    return " · ".join([*parts, f"contract {view.contract_number}"])


def _item_rows(item: ItemView, currency: str, today: date) -> list[widgets.Row]:
    """The item and its price once; a row for each quantity that it had or will have, and where it stands in time."""
    steps = item.quantities
    until = [*(since for since, _ in steps[1:]), item.ends_on]
    rows = []
    for number, ((since, quantity), end) in enumerate(zip(steps, until, strict=True)):
        first, last = number == 0, number == len(steps) - 1
        price = wording.price(item.price, currency) + (" · own price" if item.own_price else "")
        metered = item.meter_id is not None
        shown = widgets.Cell("metered", "faint") if metered else wording.quantity(quantity)
        word = STATES["scheduled" if since > today else "past" if end is not None and end <= today else "in_force"]
        cells = (item.product_name if first else "", price if first else "", shown)
        state = widgets.Chip(*word) if not metered or last else ""
        rows.append(widgets.Row((*cells, wording.day(since), wording.day(end), state), "" if last else "open"))
    return rows


def _is_first(fact: TimelineFact, view: SubscriptionView) -> bool:
    """What the subscription began with is told by its items."""
    return fact.kind in (Kind.START, Kind.QUANTITY) and fact.effective_on == view.started_on


def _fact_row(fact: TimelineFact, facts: Sequence[TimelineFact], currency: str, today: date) -> widgets.Row:
    """A fact is in force from its day until one of its kind about the same thing begins."""
    own = (max(_days(fact)), fact.change_id, fact.seq)
    later = [
        other
        for other in facts
        if (other.kind, other.item) == (fact.kind, fact.item)
        and any(own < (day, other.change_id, other.seq) and day <= today for day in _days(other))
    ]
    word = STATES["scheduled" if fact.effective_on > today else "past" if later else "in_force"]
    return widgets.Row(
        (wording.day(fact.effective_on), _says(fact, currency), widgets.Chip(*word), fact.actor, fact.reason)
    )


def _days(fact: TimelineFact) -> list[date]:
    """The days from which it says something: one, of a ramp each phase's."""
    return [date.fromisoformat(day) for day in fact.detail.get("phases", ())] or [fact.effective_on]


def _says(fact: TimelineFact, currency: str) -> str:
    match fact.kind:
        case Kind.QUANTITY:
            return f"{fact.item}: {wording.quantity(fact.quantity)}" if fact.quantity is not None else fact.item
        case Kind.PLAN | Kind.START:
            anew = fact.detail.get("anchor")
            return f"Plan {fact.plan}" + (
                f", periods from {wording.day(date.fromisoformat(anew['on']))}" if anew else ""
            )
        case Kind.TRIAL:
            return "Trial ends" + (", its usage is billed" if fact.detail.get("usage") == "billed" else "")
        case Kind.PRICE if fact.price is not None:
            return f"{fact.item}: {wording.price(fact.price, currency)}"
        case Kind.PRICE:
            return f"{fact.item}: phases from {wording.day(fact.effective_on)}"
        case Kind.CANCEL:
            return "Cancelled"
        case Kind.REACTIVATE:
            return "Reactivated"
        case Kind.PAUSE:
            return "Paused"
        case _:
            return "Resumed"
