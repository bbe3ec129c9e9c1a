"""Words, dates and figures as the screen says them: one place, so that one thing has one name on every page.

Figures become text here from Decimals and integers, never through a float. Minus is U+2212, the currency follows its
amount, percent stands after a space, dates are `22 Nov 2026` in text. Colours follow the law "colour means who must
act"; each stands beside its word.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core.catalog.model import (
    Capacity,
    CostPlus,
    Flat,
    Graduated,
    GraduatedPercentage,
    Matrix,
    Package,
    Percentage,
    PerUnit,
    Price,
    Stairstep,
    Tier,
    Volume,
)
from core.clock import Cadence
from core.words import PriceKind, Role, SettlementKind

MINUS, FIGURE_SPACE, POINT_SPACE = "−", "\u2007", "\u2008"
MONTHS = ("January", "February", "March", "April", "May", "June", "July")
MONTHS += ("August", "September", "October", "November", "December")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

SOURCES: Final = {
    SettlementKind.PAYMENT: "Payment",
    SettlementKind.CREDIT_NOTE: "Credit note",
    SettlementKind.CUSTOMER_CREDIT: "Customer credit",
    SettlementKind.BOUGHT_CREDIT: "Bought credit",
    SettlementKind.WRITE_OFF: "Written off",
    SettlementKind.AGREED_DISCOUNT: "Discount for early payment",
    SettlementKind.WITHHOLDING: "Withholding tax",
    SettlementKind.BANK_CHARGE: "Bank charge",
}

# State → (word, colour): yellow we must act, violet the customer, red late or broken, green done, grey nobody.
DOCUMENT_STATES: Final = {
    "draft": ("Draft", "gray"),
    "in_review": ("In review", "yellow"),
    "approved": ("Approved", "blue"),
    "issued": ("Issued", "violet"),
    "open": ("Open", "violet"),
    "partly_settled": ("Partly settled", "violet"),
    "in_dispute": ("In dispute", "yellow"),
    "overdue": ("Overdue", "red"),
    "settled": ("Settled", "green"),
    "written_off": ("Written off", "gray"),
    "cancelled": ("Cancelled", "gray"),
    "discarded": ("Discarded", "gray"),
}
FLAGS: Final = {
    "change": ("change", "orange"),
    "amount": ("amount", "orange"),
    "late": ("late usage", "violet"),
    "first": ("first", "blue"),
    "edited": ("edited", "yellow"),
    "credit": ("credit", "green"),
    "tax": ("tax", "red"),
    "input_gone": ("input gone", "red"),
}
FINDING_WEIGHTS: Final = {"blocks": ("blocks", "red"), "money": ("money", "orange"), "look": ("look", "gray")}
FINDING_STATES: Final = {"open": ("Open", "orange"), "resolved": ("Resolved", "green"), "closed": ("Closed", "gray")}
PAYMENT_STATES: Final = {
    "pending": ("Pending", "violet"),
    "succeeded": ("Received", "green"),
    "failed": ("Failed", "red"),
    "reversed": ("Reversed", "gray"),
}
PERIOD_STATES: Final = {"open": ("Open", "blue"), "closing": ("Closing", "orange"), "locked": ("Locked", "gray")}
TASK_STATES: Final = {
    "waiting": ("Waiting", "gray"),
    "running": ("Running", "blue"),
    "done": ("Done", "green"),
    "blocked": ("Blocked", "red"),
}
REVENUE_KINDS: Final = {
    "revenue_recurring": "Recurring",
    "revenue_usage": "Usage",
    "revenue_one_off": "One-off",
    "breakage": "Breakage",
}
RUN_STATES: Final = {
    "running": ("Running", "blue"),
    "done": ("Finished", "green"),
    "failed": ("Failed", "red"),
    "abandoned": ("Abandoned", "red"),
}
DELIVERY_STATES: Final = {
    "waiting": ("Waiting", "gray"),
    "maybe_sent": ("May have been sent", "orange"),
    "sent": ("Sent", "green"),
    "failed": ("Failed", "red"),
}
VERSION_STATES: Final = {
    "draft": ("To publish", "yellow"),
    "published": ("Published", "green"),
    "earlier": ("Earlier", "gray"),
    "retired": ("Retired", "gray"),
}
COUPON_STATES: Final = {
    "open": ("Open", "green"),
    "used_up": ("Used up", "gray"),
    "expired": ("Expired", "gray"),
    "ended": ("Ended", "gray"),
}
BATCH_STATES: Final = {"accepted": ("Taken in", "green"), "refused": ("Refused", "red")}
REJECTION_STATES: Final = {
    "open": ("Open", "orange"),
    "replayed": ("Replayed", "green"),
    "discarded": ("Discarded", "gray"),
}
# Job → (what it is called, what it does and when): jobs/schedule.py is the truth, a test holds the two together.
JOBS: Final = {
    "ingest": ("Take in usage", "Takes in the files of the inbox, every few seconds."),
    "draft": ("Draft invoices", "Drafts what fell due, once for each business day and seller."),
    "deliver": ("Deliver documents", "Sends what waits in the outbox, every few seconds."),
    "revenue": ("Earn revenue", "Posts revenue through yesterday and ends expired credit, once a business day."),
    "reconcile": (
        "Reconcile",
        "Runs the checks over the last months, once for each business day, after revenue was posted.",
    ),
    "close": ("Close a period", "Goes on with a close that a person began, step by step; also after it was killed."),
}
ROLES: Final = {role: role.value for role in Role}  # one name everywhere: the desk, the command, the refusals of core


def amount(value: Decimal | int, *, signed: bool = False) -> str:
    """1,234.56 with a true minus; `signed` also prints a plus (for differences only). Every digit is kept."""
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}{abs(value):,f}" if isinstance(value, Decimal) else f"{sign}{abs(value):,}"


def quantity(value: Decimal) -> str:
    """1,234.5: grouped, without the zeros that only a column's precision adds."""
    text = amount(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def change(now: Decimal | int, before: Decimal | int) -> str:
    """'+131.3 %'; nothing where there is nothing to compare with."""
    if not before:
        return ""
    share = (Decimal(now) - Decimal(before)) / abs(Decimal(before)) * 100
    return percent(share.quantize(Decimal("0.1")), signed=True)


def money(value: Decimal | int, currency: str, *, signed: bool = False) -> str:
    return f"{amount(value, signed=signed)} {currency}"


def aligned(value: Decimal, places: int, *, signed: bool = False) -> str:
    """An amount padded so that decimal points line up in a column whose largest exponent is `places`."""
    text = amount(value, signed=signed)
    own = len(text.partition(".")[2])
    point = POINT_SPACE if own == 0 and places > 0 else ""
    return text + point + FIGURE_SPACE * max(0, places - own)


def percent(share: Decimal, *, signed: bool = False) -> str:
    """`share` in per cent, as it is to be printed: percent(Decimal("131.3"), signed=True) is '+131.3 %'."""
    return f"{amount(share, signed=signed)} %"


def count(number: int, one: str, many: str = "") -> str:
    """'1 invoice', '34 invoices', '2 entries'."""
    return f"{amount(number)} {one if number == 1 else many or one + 's'}"


def day(value: date | None, *, weekday: bool = False, year: bool = True) -> str:
    """'22 Nov 2026', 'Sunday 22 November 2026'; an absent date is an empty text."""
    if value is None:
        return ""
    month = MONTHS[value.month - 1]
    text = f"{value.day} {month}" if weekday else f"{value.day} {month[:3]}"
    return (f"{WEEKDAYS[value.weekday()]} " if weekday else "") + text + (f" {value.year}" if year else "")


def month(value: date, *, year: bool = True) -> str:
    return f"{MONTHS[value.month - 1]} {value.year}" if year else MONTHS[value.month - 1]


def days(start: date, end: date) -> str:
    """A half-open period as people say it, with its last day: '1 – 31 Oct 2026', '28 Dec 2026 – 3 Jan 2027'."""
    last = date.fromordinal(end.toordinal() - 1)
    if start == last:
        return day(start)
    if start.year != last.year:
        return f"{day(start)} – {day(last)}"
    if start.month != last.month:
        return f"{day(start, year=False)} – {day(last)}"
    return f"{start.day} – {day(last)}"


def at(instant: datetime | None, zone: str = "UTC", *, seconds: bool = False) -> str:
    """'22 Nov 2026 06:00', in the zone that the page names once."""
    if instant is None:
        return ""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{day(local.date())} {local:%H:%M:%S}" if seconds else f"{day(local.date())} {local:%H:%M}"


def age(since: date, today: date) -> str:
    """'today', 'yesterday', '11 days'."""
    elapsed = (today - since).days
    return "today" if elapsed <= 0 else "yesterday" if elapsed == 1 else f"{elapsed} days"


def duration(seconds: int) -> str:
    """'41 s', '4 min 11 s', '2 h 5 min'."""
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def short_hash(digest: str) -> str:
    """'7c1e…09': enough to tell two apart; the whole one is in the tooltip or the copy."""
    return digest if len(digest) <= 8 else f"{digest[:4]}…{digest[-2:]}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """'Ada Keller', 'Ada Keller or Jonas Beck', 'a, b and c'."""
    texts: Sequence[str] = list(names)
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {last} {texts[-1]}"


def plain(text: str) -> str:
    """A text from outside, safe inside Streamlit's Markdown: a customer named *Star* keeps its stars."""
    return "".join("\\" + sign if sign in "\\`*_{}[]<>()#+-.!|~$:^=" else sign for sign in text)


def words(states: dict[str, tuple[str, str]]) -> dict[str, str]:
    """{word: colour}, as chips_col wants it."""
    return dict(states.values())


def price(value: Price, currency: str) -> str:
    """A price as people say it: '29 USD a seat, monthly, in advance'; 'to 100: 0 · to 1,000: 0.10 · above: 0.08 USD, monthly'."""
    parts = [_reduced(value, currency), cadence(value.cadence) if value.cadence else "once"]
    if value.kind is PriceKind.RECURRING:
        parts.append(value.timing.replace("_", " "))
    return ", ".join(parts)


def _reduced(value: Price, currency: str) -> str:
    """What it costs after the percentage off: '13.5 EUR a seat, 50 % off 27'; of a table the table, and the percentage."""
    if not value.percent_off:
        return _figures(value, currency)
    off = f"{quantity(value.percent_off)} % off"
    if value.overage is None and value.included == 0:
        left = (100 - value.percent_off).scaleb(-2)
        match value.model:
            case Flat(amount=listed_at):
                return (
                    f"{_figures(replace(value, model=Flat(listed_at * left)), currency)}, {off} {quantity(listed_at)}"
                )
            case PerUnit(unit=listed_at) if listed_at is not None:
                return f"{_figures(replace(value, model=PerUnit(listed_at * left)), currency)}, {off} {quantity(listed_at)}"
    return f"{_figures(value, currency)}, {off}"


def _figures(value: Price, currency: str) -> str:
    """What it costs, by its model."""
    match value.model:
        case Flat(amount=fixed):
            above = "" if value.overage is None else f", above {quantity(value.included)}: {quantity(value.overage)}"
            return f"{quantity(fixed)} {currency}{above}"
        case PerUnit(unit=unit):
            figure = quantity(value.overage or Decimal(0) if unit is None else unit)
            above = f" above {quantity(value.included)}" if unit is None else ""
            if value.per != 1:
                return f"{figure} {currency} per {quantity(value.per)}{above}"
            return f"{figure} {currency} a {'seat' if value.per_seat else 'unit'}{above}"
        case Graduated(tiers=tiers) | Volume(tiers=tiers):
            whole = "" if isinstance(value.model, Graduated) else ", each for all of it"
            return f"{' · '.join(f'{_bound(t)}: {quantity(t.unit)}' for t in tiers)} {currency}{whole}"
        case Stairstep(tiers=tiers):
            return f"{' · '.join(f'{_bound(t)}: {quantity(t.flat)}' for t in tiers)} {currency} for all of it"
        case GraduatedPercentage(tiers=tiers):
            return " · ".join(f"{_bound(t)}: {quantity(t.unit)} %" for t in tiers)
        case Package(size=size, package=each):
            return f"{quantity(each)} {currency} a package of {quantity(size)}"
        case Percentage(rate=rate, fixed=fixed):
            return f"{quantity(rate)} %" + (f" and {quantity(fixed)} {currency} an event" if fixed else "")
        case Matrix(dimensions=dimensions):
            return f"{currency} by {listed(dimensions)}"
        case Capacity(tiers=stairs):
            return f"{' · '.join(quantity(t.flat) for t in stairs)} {currency} by peak of {listed(value.model.meters)}"
        case CostPlus(factor=factor):
            return f"cost × {quantity(factor)}"


def _bound(tier: Tier) -> str:
    return "above" if tier.up_to is None else f"to {quantity(tier.up_to)}"


def cadence(value: Cadence) -> str:
    """'monthly', 'every 3 months'."""
    names = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
    return names[value.unit] if value.every == 1 else f"every {value.every} {value.unit}s"
