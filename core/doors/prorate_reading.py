"""Reading a question of the door `prorate`: every fault in it, or values that core.rating.schedule can rely on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from core.catalog.billing_rules import BillDifferences, DayBasis, DiscountProration, FirstPeriod, IntervalChange
from core.catalog.reader import Reader
from core.clock import Anchor, AnchorKind, Cadence, Period, Unit, Zones, zone
from core.doors.prorate_terms import (
    TO_FIELDS,
    discounts_of,
    read_every,
    read_percent,
    read_terms,
    read_word,
    terms_after,
)
from core.doors.reading import read_currency, read_money
from core.errors import BadInput
from core.rating.daybasis import Basis
from core.rating.schedule import Change, Rules, Subscribed, Terms

COMMON = ("currency", "amount", "price", "quantity", "timing", "settings", "discounts", "zone", "zones")
ONE_SHARE = ("period", "active")
TIMELINE = ("every", "anchor", "start", "end", "pauses", "through")
CHANGE_FIELDS = ("on", "to", "tax_percent", "credited_before", "discounts")
SETTINGS = ("day_basis", "last_day_billed", "first_period", "interval_change", "discount_proration", "bill_differences")
A_MONTH = Cadence(1, Unit.MONTH)
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)
MOST_PERIODS = 5000


@dataclass(frozen=True)
class AskedChange:
    change: Change
    tax_percent: Fraction | None


@dataclass(frozen=True)
class Asked:
    """A whole question. `one_change`: it was asked as "change", not as "changes"."""

    currency: str
    terms: Terms
    subscribed: Subscribed
    through: date
    rules: Rules
    changes: tuple[AskedChange, ...]
    one_change: bool


def read_question(obj: Mapping[str, Any]) -> Asked:
    """BadInput with every fault that there is."""
    reader = Reader(obj)
    reader.refuse_unknown((*COMMON, *ONE_SHARE, *TIMELINE, "change", "changes"))
    currency = read_currency(reader)
    rules = _rules(reader)
    cadence = read_every(reader)
    terms = read_terms(reader, currency, cadence or A_MONTH)
    one_share = reader.has("period") or reader.has("active")
    subscribed = _share(reader) if one_share else _timeline(reader)
    changes = _changes(reader, terms, subscribed, one_share)
    through = _through(reader, subscribed, [one.change.on for one in changes])
    if not one_share and subscribed and terms and not reader.faults:
        _check_length(reader, terms.cadence, subscribed.start, through)
    reader.finish()
    assert terms is not None, "no fault was told"
    assert subscribed is not None, "no fault was told"
    return Asked(currency, terms, subscribed, through, rules, tuple(changes), reader.has("change"))


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rules(reader: Reader) -> Rules:
    settings = reader.object("settings")
    settings.refuse_unknown(SETTINGS)
    return Rules(
        basis=Basis(read_word(settings, "day_basis", DayBasis), _zones(reader)),
        last_day_billed=settings.flag("last_day_billed", default=False),
        first_period=read_word(settings, "first_period", FirstPeriod),
        interval_change=read_word(settings, "interval_change", IntervalChange),
        discount_proration=read_word(settings, "discount_proration", DiscountProration),
        bill_differences=read_word(settings, "bill_differences", BillDifferences),
    )


def _zones(reader: Reader) -> Zones:
    """`zone` is one name, `zones` are dated ones: from each day on its own."""
    if reader.has("zone") and reader.has("zones"):
        reader.fault("given_twice", "zones", "Give one zone or dated zones, not both.")
    dated: list[tuple[date, str]] = []
    for one in reader.objects("zones"):
        one.refuse_unknown(("from", "zone"))
        day = one.day("from")
        if one.needed("zone", "an IANA name such as Europe/Berlin") and day:
            dated.append((day, _zone(one)))
    return tuple(dated) or _zone(reader)


def _zone(reader: Reader) -> str:
    name = reader.text("zone", "UTC")
    try:
        zone(name, reader.at("zone"))
    except BadInput as error:
        reader.faults.extend(error.faults)
        return "UTC"
    return name


# ── days ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _day(reader: Reader, name: str) -> date | None:
    """A day of the years that a calendar is asked about; None where the field is at fault or absent."""
    if not reader.has(name):
        return None
    day = reader.day(name)
    if day is not None and not FIRST_DAY <= day < LAST_DAY:
        reader.fault("out_of_range", name, f"{day} is out of the calendar: from {FIRST_DAY} and before {LAST_DAY}.")
        return None
    return day


def _needed_day(reader: Reader, name: str, what: str) -> date | None:
    return _day(reader, name) if reader.needed(name, what) else None


def period_of(reader: Reader, name: str) -> Period | None:
    """{"start", "end"}, half-open."""
    inner = reader.object(name) if name else reader
    inner.refuse_unknown(("start", "end"))
    start, end = _needed_day(inner, "start", "the first day"), _needed_day(inner, "end", "the day after the last")
    if start is None or end is None:
        return None
    if end <= start:
        inner.fault("period_empty", "end", f"A period ends after it starts, but {end} is not after {start}.")
        return None
    return Period(start, end)


def _share(reader: Reader) -> Subscribed | None:
    for name in TIMELINE:
        if reader.has(name):
            sentence = f"{name!r} belongs to a timeline; with 'period' the share of that one period is asked."
            reader.fault("field_not_used", name, sentence)
    whole = period_of(reader, "period") if reader.needed("period", "the whole period") else None
    active = period_of(reader, "active") if reader.has("active") else whole
    if whole is None or active is None:
        return None
    if active.start < whole.start or active.end > whole.end:
        reader.fault("outside", "active", f"{active} is not inside the period {whole}.")
    return Subscribed(active.start, Anchor(AnchorKind.START, whole.start), active.end, only=whole)


def _timeline(reader: Reader) -> Subscribed | None:
    reader.needed("every", 'how long a period is, such as {"months": 1}')
    start = _needed_day(reader, "start", "the first day")
    end = _day(reader, "end")
    if start is None:
        return None
    if end is not None and end <= start:
        reader.fault("period_empty", "end", f"It ends after it starts, but {end} is not after {start}.")
        end = None
    return Subscribed(start, _anchor(reader, start), end, _pauses(reader, start))


def _anchor(reader: Reader, start: date) -> Anchor:
    if not reader.has("anchor"):
        return Anchor(AnchorKind.START, start)
    inner = reader.object("anchor")
    inner.refuse_unknown(("kind", "on"))
    kind = inner.word("kind", AnchorKind)
    if kind is AnchorKind.DAY:
        inner.needed("on", "a billing day, such as the first one after the start")
    on = _day(inner, "on")
    if kind is AnchorKind.START and on not in (None, start):
        inner.fault("field_not_used", "on", f"The anchor start is the first day, {start}; a billing day is kind 'day'.")
    return Anchor(kind or AnchorKind.START, on or start)


def _pauses(reader: Reader, start: date) -> tuple[Period, ...]:
    found: list[Period] = []
    for one in reader.objects("pauses"):
        pause = period_of(one, "")
        if pause is None:
            continue
        if pause.start < start:
            one.fault("before_start", "start", f"{pause.start} is before the start, {start}.")
        if any(pause.overlap(other) for other in found):
            one.fault("overlap", "", f"The pause {pause} overlaps another one.")
        found.append(pause)
    return tuple(sorted(found))


def _through(reader: Reader, subscribed: Subscribed | None, changed_on: list[date]) -> date:
    """The last day on which a period may begin that is wanted: told, else the start or the last change."""
    through = _day(reader, "through")
    first = subscribed.start if subscribed else FIRST_DAY
    if through is not None and through < first:
        reader.fault("before_start", "through", f"{through} is before the start, {first}.")
    return max([through or first, *changed_on])


def _check_length(reader: Reader, cadence: Cadence, start: date, through: date) -> None:
    least_days = cadence.days or 28 * cadence.months
    if (through - start).days // least_days > MOST_PERIODS:
        reader.fault("too_long", "through", f"More than {MOST_PERIODS} periods are not listed at once.")


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _changes(reader: Reader, terms: Terms | None, subscribed: Subscribed | None, one_share: bool) -> list[AskedChange]:
    """In the order given; each is read on the terms that hold before its day."""
    if reader.has("change") and reader.has("changes"):
        reader.fault("given_twice", "changes", "Give one change or several, not both.")
    given = [reader.object("change")] if reader.has("change") else reader.objects("changes")
    days = [_changed_on(one, subscribed) for one in given]
    for position, (one, day) in enumerate(zip(given, days, strict=True)):
        if day is not None and day in days[:position]:
            sentence = f"It is changed twice for {day}; in one request only one change can hold on a day."
            one.fault("changed_twice", "on", sentence)
    if terms is None or subscribed is None or None in days or len(set(days)) < len(days):
        for one in given:  # their own faults still count
            _change(one, None, subscribed.start if subscribed else FIRST_DAY, one_share)
        return []
    found: dict[int, AskedChange] = {}
    held: Terms | None = terms
    for position in sorted(range(len(given)), key=lambda number: days[number] or FIRST_DAY):
        day = days[position]
        assert day is not None
        if held is None:
            given[position].fault("after_end", "on", f"It is cancelled before {day}; nothing is left to change.")
            continue
        found[position] = _change(given[position], held, day, one_share)
        held = found[position].change.to
    return [found[position] for position in sorted(found)]


def _changed_on(reader: Reader, subscribed: Subscribed | None) -> date | None:
    day = _needed_day(reader, "on", "the day from which it holds")
    if day is None or subscribed is None:
        return day
    if day < subscribed.start:
        reader.fault("before_start", "on", f"{day} is before the start, {subscribed.start}.")
    elif subscribed.end is not None and day >= subscribed.end:
        reader.fault("after_end", "on", f"It ends before {subscribed.end}; {day} is not in it any more.")
    return day


def _change(reader: Reader, before: Terms | None, day: date, one_share: bool) -> AskedChange:
    reader.refuse_unknown(CHANGE_FIELDS)
    discounts = discounts_of(reader) if reader.has("discounts") else (before.discounts if before else ())
    tax_percent = read_percent(reader, "tax_percent") if reader.has("tax_percent") else None
    to: Terms | None = None
    if reader.has("to"):
        inner = reader.object("to")
        if one_share and inner.has("every"):
            inner.fault("field_not_used", "every", "Another interval needs a timeline: every, start and through.")
        if before is not None:
            to = terms_after(inner, before, discounts)
        else:
            inner.refuse_unknown(TO_FIELDS)
    credited_minor = read_money(reader, "credited_before", before.price.currency if before else "") or 0
    return AskedChange(Change(day, to, credited_minor), tax_percent)
