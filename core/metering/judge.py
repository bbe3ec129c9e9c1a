"""The judge of events: who sent it, which meter, which day, and is it within the meter's limits. Pure; all faults at once.

An event's content is its canonical meter, quantity, instant and properties. Its hash is SHA-256 over the JSON array
[meter, quantity, occurred_at, properties] in one spelling, as core.metering.rules makes it.

The usual event (nothing wrong, an instant with Z) takes a short way of a few look-ups; anything else is judged with care. Both
ways give the same event, which a property of the tests holds them to.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from core.clock import Zones, day_start
from core.errors import Fault
from core.metering.counting import Tally, tally
from core.metering.model import TIER, Directory, Event, KnownMeter, MeterRule, Rejected, Sent, is_apart, is_plain
from core.metering.rules import (
    FIELDS,
    FIRST_YEAR,
    IDENTIFIER_MAX,
    LAST_YEAR,
    at_position,
    identifier,
    instant,
    json_text,
    properties,
    quantity,
    shown,
)

# ── the whole event ─────────────────────────────────────────────────────────────────────────────────────────────────


_USUAL = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:\.([0-9]{1,12}))?Z"
)


class Counting(NamedTuple):
    """What the short way needs of a meter on a day: `head` begins the content, limits are instants as they are stored."""

    meter_id: int
    head: str
    allow_negative: bool
    oldest: str
    newest: str
    dimensions: tuple[str, ...]
    rule: MeterRule | None
    """None where an event counts by its quantity alone."""


class Judge:
    """Judges events against one directory. It keeps what it worked out of days and meters; nothing else changes in it."""

    def __init__(self, directory: Directory, source: str, zone_name: str | None, now: datetime) -> None:
        self._directory, self._source, self._zone = directory, source, zone_name
        self._now = f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
        self._limits: dict[tuple[int, int, datetime], tuple[str, str]] = {}
        self._days: dict[tuple[Zones, str], list[tuple[str, str]]] = {}
        self._received = now
        self._meanings: dict[tuple[str, str], tuple[int, list[tuple[str, str]]]] = {}
        self._counting: dict[tuple[str, str], Counting | None] = {}

    def judge(self, sent: dict[str, Any], received_at: datetime | None = None) -> Event | tuple[Fault, ...]:
        """The event, or every fault. `received_at` (for a replay) is when it first arrived: it was not too late then."""
        if received_at is None and (event := self.usual(sent)):
            return event
        return self.careful(sent, received_at)

    def usual(self, sent: dict[str, Any]) -> Event | None:
        """The short way: an event with nothing unusual about it, or None."""
        event_id, key, code, said_at = (
            sent.get("event_id"),
            sent.get("customer"),
            sent.get("meter"),
            sent.get("occurred_at"),
        )
        if not (type(event_id) is type(key) is type(code) is type(said_at) is str) or not FIELDS.issuperset(sent):
            return None
        if not event_id.isprintable() or not 0 < len(event_id) <= IDENTIFIER_MAX or event_id.strip() != event_id:
            return None
        match = _USUAL.fullmatch(said_at)
        if match is None:
            return None
        utc_day, time, fraction = match.groups()
        at = f"{utc_day} {time}.{(fraction or '')[:6]:0<6}"
        meaning = self._meanings.get((key, utc_day)) or self._meaning(key, utc_day)
        day = next((day for begins, day in meaning[1] if begins <= at), None)
        if day is None:
            return None
        if (code, day) not in self._counting:
            self._counting[code, day] = self._count(code, day)
        counting = self._counting[code, day]
        faults: list[Fault] = []
        units, picos, digits = quantity(sent.get("quantity"), faults)
        spelled, whole = properties(sent.get("properties"), faults)
        source = identifier(sent, "source", faults) if sent.get("source") else self._source
        if counting is None or faults or not counting.oldest <= at <= counting.newest:
            return None
        if units < 0 and not counting.allow_negative:
            return None
        content = f'{counting.head}"{digits}","{utc_day}T{at[11:]}Z",{whole}]'
        content_hash = hashlib.sha256(content.encode()).hexdigest()
        dims, dims_hash = self._dims(counting.dimensions, spelled, meaning[0], day)
        event = Event(
            meaning[0], event_id, content_hash, day, counting.meter_id, at, units, picos, dims, dims_hash, whole, source
        )
        if counting.rule is None:
            return event
        counted = tally(counting.rule, spelled, faults)
        return None if faults else _with(event, counted, counting.rule)

    def _meaning(self, key: str, utc_day: str) -> tuple[int, list[tuple[str, str]]]:
        """(customer, when its local days around that UTC day begin) of an alias with one meaning; no days for any other."""
        named = self._directory.aliases.get(key, ())
        found: tuple[int, list[tuple[str, str]]] = (0, [])
        if len(named) == 1 and FIRST_YEAR <= int(utc_day[:4]) <= LAST_YEAR and _exists(utc_day):
            since = named[0].valid_from.isoformat()
            starts = self._starts(utc_day, named[0].zones)
            found = (named[0].id, starts if starts[-1][1] >= since else [])
        self._meanings[key, utc_day] = found
        return found

    def _count(self, code: str, day: str) -> Counting | None:
        faults: list[Fault] = []
        meter = self._meter(code, faults)
        rule = self._rule(meter, day, faults) if meter else None
        if meter is None or rule is None or faults:
            return None
        oldest, newest = self._limits_of(rule, self._received)
        signed, special = rule.allow_negative or rule.changes, None if is_plain(rule) else rule
        return Counting(meter.id, f"[{json_text(code)},", signed, oldest, newest, rule.dimensions, special)

    def careful(self, sent: dict[str, Any], received_at: datetime | None = None) -> Event | tuple[Fault, ...]:
        """The long way: every field, every fault."""
        faults: list[Fault] = []
        if not FIELDS.issuperset(sent):
            faults.extend(_unknown(name) for name in sent if name not in FIELDS)
        event_id = identifier(sent, "event_id", faults)
        key = identifier(sent, "customer", faults)
        code = identifier(sent, "meter", faults)
        units, picos, digits = quantity(sent.get("quantity"), faults)
        at = instant(sent.get("occurred_at"), self._zone, faults)
        spelled, whole = properties(sent.get("properties"), faults)
        source = identifier(sent, "source", faults) if sent.get("source") else self._source
        customer_id, day = self._customer(key, at, faults) if key else (0, "")
        meter, rule = self._meter(code, faults) if code else None, None
        if meter and day:
            rule = self._rule(meter, day, faults)
            if rule:
                self._within(rule, at, received_at or self._received, faults)
                if units < 0 and not (rule.allow_negative or rule.changes):
                    sentence = (
                        f"quantity {digits} is negative, which the meter {code} forbids; "
                        "send what was used, and correct what was sent before by an adjustment."
                    )
                    faults.append(Fault("negative", "quantity", sentence))
                dims, dims_hash = self._dims(rule.dimensions, spelled, customer_id, day)
                counted = tally(rule, spelled, faults)
        if faults or meter is None or rule is None:
            return tuple(faults)
        content = f'[{json_text(code)},"{digits}","{at[:10]}T{at[11:]}Z",{whole}]'
        content_hash = hashlib.sha256(content.encode()).hexdigest()
        event = Event(
            customer_id, event_id, content_hash, day, meter.id, at, units, picos, dims, dims_hash, whole, source
        )
        return _with(event, counted, rule)

    def _customer(self, key: str, at: str, faults: list[Fault]) -> tuple[int, str]:
        """(customer id, local date) of the alias as it stands on the event's own day."""
        named = self._directory.aliases.get(key)
        if named is None:
            sentence = f"customer {shown(key)} is unknown; add the customer, or the key as an alias of one, and replay."
            faults.append(Fault("unknown_customer", "customer", sentence))
            return 0, ""
        if not at:
            return 0, ""
        for known in named:
            day = self._local_date(at, known.zones)
            if known.valid_from.isoformat() <= day:
                return known.id, day
        sentence = (
            f"customer {shown(key)} names nobody on {day}, only from {named[-1].valid_from} on; "
            "correct the event's date, or date the alias earlier, and replay."
        )
        faults.append(Fault("customer_not_yet", "customer", sentence))
        return 0, ""

    def _dims(self, names: tuple[str, ...], spelled: dict[str, str], customer_id: int, day: str) -> tuple[str, str]:
        """The values of the meter's dimensions: properties, and the customer's tier as of the event's own day. The tier is looked
        up here and is no content: the same event is the same whatever a tier became meanwhile."""
        if not names:
            return "{}", ""
        if TIER in names:
            dated = self._directory.tiers.get(customer_id, ())
            tier = next((tier for since, tier in dated if since.isoformat() <= day), "")
            spelled = {**spelled, TIER: json_text(tier) if tier else "null"}
        return dimensions(names, spelled)

    def _meter(self, code: str, faults: list[Fault]) -> KnownMeter | None:
        meter = self._directory.meters.get(code)
        if meter is None:
            sentence = f"meter {shown(code)} is unknown; define it, or correct the code, and replay."
            faults.append(Fault("unknown_meter", "meter", sentence))
        return meter

    def _rule(self, meter: KnownMeter, day: str, faults: list[Fault]) -> MeterRule | None:
        rule = next((rule for rule in meter.rules if rule.valid_from.isoformat() <= day), None)
        if rule is None:
            first = meter.rules[-1].valid_from if meter.rules else "no day"
            sentence = (
                f"The meter {meter.code} counts from {first} on, not yet on {day}; correct the date or the meter."
            )
            faults.append(Fault("meter_not_yet", "meter", sentence))
        return rule

    def _limits_of(self, rule: MeterRule, received_at: datetime) -> tuple[str, str]:
        """(oldest, newest) instant that the meter takes from what arrived then."""
        limit = (rule.max_past_days, rule.max_future_minutes, received_at)
        if limit not in self._limits:
            oldest = received_at.astimezone(UTC) - timedelta(days=rule.max_past_days)
            newest = datetime.fromisoformat(self._now) + timedelta(minutes=rule.max_future_minutes)
            self._limits[limit] = (f"{oldest:%Y-%m-%d %H:%M:%S.%f}", f"{newest:%Y-%m-%d %H:%M:%S.%f}")
        return self._limits[limit]

    def _within(self, rule: MeterRule, at: str, received_at: datetime, faults: list[Fault]) -> None:
        oldest_at, newest_at = self._limits_of(rule, received_at)
        if at < oldest_at:
            sentence = (
                f"occurred_at {at[:19]} UTC is more than {rule.max_past_days} days old, past the meter's limit; "
                "correct the date, or enter the use as an adjustment."
            )
            faults.append(Fault("too_old", "occurred_at", sentence))
        elif at > newest_at:
            sentence = f"occurred_at {at[:19]} UTC lies in the future; correct the sender's clock or zone, and replay."
            faults.append(Fault("in_the_future", "occurred_at", sentence))

    def _local_date(self, at: str, zones: Zones) -> str:
        """The last local day that had begun: looked up among the days that begin around that UTC date."""
        return next(day for begins, day in self._starts(at[:10], zones) if begins <= at)

    def _starts(self, utc_day: str, zones: Zones) -> list[tuple[str, str]]:
        """(instant at which it begins, local day) of the days around a UTC day, the latest first."""
        starts = self._days.get((zones, utc_day))
        if starts is None:
            around = date.fromisoformat(utc_day)
            days = [around + timedelta(days=n) for n in (2, 1, 0, -1, -2, -3)]
            starts = [(f"{day_start(day, zones):%Y-%m-%d %H:%M:%S.%f}", day.isoformat()) for day in days]
            self._days[zones, utc_day] = starts
        return starts


def _with(event: Event, counted: Tally, rule: MeterRule) -> Event:
    """The event with what its meter made of it."""
    if is_plain(rule):
        return event
    return Event(*event[:12], *counted, is_apart(rule))


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _unknown(name: str) -> Fault:
    sentence = f"{shown(name)} is no field of an event; put it into properties, or correct its name."
    return Fault("unknown_field", name if name.isprintable() else "?", sentence)


def dimensions(names: Iterable[str], spelled: dict[str, str]) -> tuple[str, str]:
    """(canonical JSON, its SHA-256) of the meter's dimension values; "" where a meter has none."""
    names = sorted(names)
    if not names:
        return "{}", ""
    dims = "{" + ",".join(f"{json_text(name)}:{spelled.get(name, 'null')}" for name in names) + "}"
    return dims, hashlib.sha256(dims.encode()).hexdigest()


def judge_all(
    judge: Judge, sent: Iterable[Sent], received: dict[str, datetime] | None = None
) -> tuple[list[tuple[str, Event]], list[Rejected]]:
    """(position, event) of what is one, and what is rejected, each with all its faults."""
    events: list[tuple[str, Event]] = []
    rejected: list[Rejected] = []
    for item in sent:
        verdict = judge.judge(item.fields, received.get(item.position) if received else None)
        if isinstance(verdict, Event):
            events.append((item.position, verdict))
        else:
            rejected.append(Rejected(item.position, item.raw, at_position(item.position, verdict)))
    return events, rejected
