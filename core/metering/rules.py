"""What makes an event: every field judged, all faults collected, one canonical content and its hash. Pure.

An event's content is its canonical meter, quantity, instant and properties. Its hash is SHA-256 over the JSON array
[meter, quantity, occurred_at, properties] in one spelling: no spaces, sorted keys, quantity in plain digits, the instant in
UTC with exactly six fractional digits. Finer fractions are cut off, never rounded up into another day.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.clock import Zones, day_start, zone
from core.errors import BadInput, Fault
from core.metering.model import Directory, Event, KnownMeter, MeterRule, Num, Rejected, Sent
from core.money import PICOS, parse_decimal, to_parts
from core.words import Aggregation

FIELDS = frozenset({"event_id", "customer", "meter", "quantity", "occurred_at", "properties", "source"})
COUNTED = frozenset({Aggregation.SUM, Aggregation.COUNT})
IDENTIFIER_MAX = 200
PROPERTIES_MAX = 64
PROPERTY_NAME_MAX = 80
PROPERTY_TEXT_MAX = 1000
QUANTITY_DIGITS_MAX = 15  # 9,000 of the largest quantities still sum in 64 bits within one day
FIRST_YEAR, LAST_YEAR = 1970, 2200

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,]([0-9]{1,12}))?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def shown(value: object, most: int = 60) -> str:
    """A value as a sentence quotes it: short, and printable whatever was sent."""
    text = str(value) if isinstance(value, str) else repr(value)
    cut = text if len(text) <= most else text[:most] + "…"
    return "“" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut) + "”"


def storable(text: str) -> bool:
    """Neither a NUL nor half of a surrogate pair: what both databases can keep."""
    if text.isascii():
        return "\x00" not in text
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def json_text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


# ── the fields ──────────────────────────────────────────────────────────────────────────────────────────────────────


def identifier(sent: dict[str, Any], name: str, faults: list[Fault]) -> str:
    """A key such as event_id: text of 1 to 200 printable characters; a whole number counts as its digits."""
    value = sent.get(name)
    if (
        isinstance(value, str)
        and value
        and len(value) <= IDENTIFIER_MAX
        and value.isprintable()
        and value == value.strip()
    ):
        if not isinstance(value, Num) or value.isdigit():
            return value
        sentence = f"{name} is the number {shown(value)}; send it as text in quotes."
        faults.append(Fault("wrong_type", name, sentence))
    elif value is None or value == "":
        faults.append(Fault(f"{name}_missing", name, f"{name} is missing; every event needs one."))
    elif not isinstance(value, str):
        faults.append(Fault("wrong_type", name, f"{name} is {shown(value)}; it has to be text."))
    elif len(value) > IDENTIFIER_MAX:
        sentence = f"{name} {shown(value, 30)} has {len(value)} characters; at most {IDENTIFIER_MAX} can be kept."
        faults.append(Fault("too_large", name, sentence))
    else:
        sentence = (
            f"{name} {shown(value)} holds characters that cannot be printed, or spaces at an end; send it without."
        )
        faults.append(Fault("not_printable", name, sentence))
    return ""


def quantity(value: Any, faults: list[Fault]) -> tuple[int, int, str]:
    """(units, picos, canonical digits); absent means 1."""
    if value is None:
        return 1, 0, "1"
    if not isinstance(value, str):
        sentence = f"quantity is {shown(value)}; send a number such as 12.5."
        faults.append(Fault("wrong_type", "quantity", sentence))
        return 0, 0, "0"
    if _PLAIN.fullmatch(value):
        units = int(value)
        return units, 0, str(units)
    try:
        exact = parse_decimal(value, "quantity")
    except BadInput as bad:
        faults.extend(Fault(f.code, f.path, f"quantity {f.sentence}") for f in bad.faults)
        return 0, 0, "0"
    units, picos = to_parts(exact)
    if abs(exact) >= 10**QUANTITY_DIGITS_MAX:
        sentence = f"quantity {shown(value)} is too large; one event counts at most {QUANTITY_DIGITS_MAX} digits before the point."
        faults.append(Fault("too_large", "quantity", sentence))
    return units, picos, format(exact, "f")


def instant(value: Any, zone_name: str | None, faults: list[Fault]) -> str:
    """The instant in UTC as "YYYY-MM-DD HH:MM:SS.ffffff", or "" with a fault. `zone_name` is for dates that name no zone."""

    def refuse(code: str, sentence: str) -> str:
        faults.append(Fault(code, "occurred_at", sentence))
        return ""

    if value is None or value == "":
        return refuse(
            "occurred_at_missing", "occurred_at is missing; say when it happened, such as 2024-02-01T09:30:00Z."
        )
    match = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return refuse(
                "no_time", f"occurred_at {shown(value)} is a day without a time; add one, such as T09:30:00Z."
            )
        return refuse(
            "not_an_instant", f"occurred_at {shown(value)} is no date and time; write it like 2024-02-01T09:30:00Z."
        )
    day, minute, second, fraction, utc, sign, hours, minutes = match.groups()
    try:
        wall = datetime.fromisoformat(f"{day} {minute}{second or ':00'}")  # its zone is judged below
    except ValueError:
        return refuse(
            "no_such_date", f"occurred_at {shown(value)} does not exist in the calendar; correct the date or time."
        )
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        return refuse(
            "instant_out_of_range",
            f"occurred_at {shown(value)} lies outside {FIRST_YEAR} to {LAST_YEAR}; correct the year.",
        )
    rest = f".{(fraction or '')[:6]:0<6}"
    if utc:
        return f"{day} {minute}{second or ':00'}{rest}"
    if sign:
        if int(hours) > 18 or int(minutes) > 59:
            return refuse("no_such_offset", f"occurred_at {shown(value)} has an offset from UTC that no place has.")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        moved = wall - offset if sign == "+" else wall + offset
        return f"{moved:%Y-%m-%d %H:%M:%S}{rest}"
    if zone_name is None:
        return refuse(
            "no_zone",
            f"occurred_at {shown(value)} names no zone, and no mapping gives one; "
            "end it with Z or an offset such as +01:00, or declare the zone in the source's mapping.",
        )
    there = wall.replace(tzinfo=zone(zone_name))  # of a wall time that happens twice, the first
    moved = there.astimezone(UTC)
    if moved.astimezone(there.tzinfo).replace(tzinfo=None) != wall:
        return refuse(
            "no_such_date",
            f"occurred_at {shown(value)} was skipped in {zone_name} when the clocks went forward; correct it.",
        )
    return f"{moved:%Y-%m-%d %H:%M:%S}{rest}"


def properties(value: Any, faults: list[Fault]) -> tuple[dict[str, str], str]:
    """({name: JSON text of the value}, canonical JSON of the whole); flat, small, and no digit of a number lost."""
    if value is None or value == {}:
        return {}, "{}"
    if not isinstance(value, dict):
        faults.append(Fault("wrong_type", "properties", "properties have to be an object such as {“region”: “eu”}."))
        return {}, "{}"
    if len(value) > PROPERTIES_MAX:
        sentence = f"There are {len(value)} properties; an event keeps at most {PROPERTIES_MAX}."
        faults.append(Fault("too_large", "properties", sentence))
        return {}, "{}"
    spelled = {}
    for name, item in value.items():
        path = f"properties.{name if name.isprintable() else '?'}"[:120]
        if not name or len(name) > PROPERTY_NAME_MAX or not name.isprintable():
            sentence = f"The property name {shown(name)} has to be 1 to {PROPERTY_NAME_MAX} printable characters."
            faults.append(Fault("property_name", path, sentence))
        else:
            spelled[name] = _property(item, path, faults)
    return spelled, "{" + ",".join(f"{json_text(name)}:{spelled[name]}" for name in sorted(spelled)) + "}"


def _property(item: Any, path: str, faults: list[Fault]) -> str:
    if item is None or isinstance(item, bool):
        return {None: "null", True: "true", False: "false"}[item]
    if isinstance(item, Num):
        try:
            return format(parse_decimal(item, path), "f")
        except BadInput as bad:
            faults.extend(Fault(f.code, f.path, f"{path}: {f.sentence}") for f in bad.faults)
            return "null"
    if not isinstance(item, str):
        sentence = f"{path} is a list or an object; properties are flat, so send text, a number, true, false or null."
        faults.append(Fault("not_flat", path, sentence))
    elif len(item) > PROPERTY_TEXT_MAX:
        sentence = f"{path} has {len(item)} characters; at most {PROPERTY_TEXT_MAX} are kept."
        faults.append(Fault("too_large", path, sentence))
    elif not storable(item):
        sentence = f"{path} holds a NUL or half a character (a lone surrogate); send valid text."
        faults.append(Fault("not_text", path, sentence))
    else:
        return json_text(item)
    return "null"


# ── the whole event ─────────────────────────────────────────────────────────────────────────────────────────────────


class Judge:
    """Judges events against one directory. It keeps what it worked out of days and zones; nothing else changes in it."""

    def __init__(self, directory: Directory, source: str, zone_name: str | None, now: datetime) -> None:
        self._directory, self._source, self._zone = directory, source, zone_name
        self._now = f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
        self._limits: dict[tuple[int, int, datetime], tuple[str, str]] = {}
        self._days: dict[tuple[Zones, str], list[tuple[str, str]]] = {}
        self._received = now

    def judge(self, sent: dict[str, Any], received_at: datetime | None = None) -> Event | tuple[Fault, ...]:
        """The event, or every fault. `received_at` (for a replay) is when it first arrived: it was not too late then."""
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
        meter = self._meter(code, faults) if code else None
        if meter and day:
            rule = self._rule(meter, day, faults)
            if rule:
                self._within(rule, at, received_at or self._received, faults)
                if units < 0 and not rule.allow_negative:
                    sentence = (
                        f"quantity {digits} is negative, which the meter {code} forbids; "
                        "send what was used, and correct what was sent before by an adjustment."
                    )
                    faults.append(Fault("negative", "quantity", sentence))
                dims, dims_hash = dimensions(rule.dimensions, spelled)
        if faults or meter is None:
            return tuple(faults)
        content = f'[{json_text(code)},"{digits}","{at[:10]}T{at[11:]}Z",{whole}]'
        content_hash = hashlib.sha256(content.encode()).hexdigest()
        return Event(
            customer_id, event_id, content_hash, day, meter.id, at, units, picos, dims, dims_hash, whole, source
        )

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
        elif rule.aggregation not in COUNTED:
            sentence = (
                f"The meter {meter.code} aggregates by {rule.aggregation}, which cannot be counted yet; "
                f"meters by {' and '.join(sorted(COUNTED))} can. The event is kept here until then."
            )
            faults.append(Fault("aggregation_not_ready", "meter", sentence))
        elif rule.filter or rule.property:
            what = "a filter" if rule.filter else "the property that it sums"
            sentence = (
                f"The meter {meter.code} has {what}, which cannot be counted yet. The event is kept here until then."
            )
            faults.append(Fault("meter_not_ready", "meter", sentence))
        return rule

    def _within(self, rule: MeterRule, at: str, received_at: datetime, faults: list[Fault]) -> None:
        limit = (rule.max_past_days, rule.max_future_minutes, received_at)
        if limit not in self._limits:
            oldest = received_at.astimezone(UTC) - timedelta(days=rule.max_past_days)
            newest = datetime.fromisoformat(self._now) + timedelta(minutes=rule.max_future_minutes)
            self._limits[limit] = (f"{oldest:%Y-%m-%d %H:%M:%S.%f}", f"{newest:%Y-%m-%d %H:%M:%S.%f}")
        oldest_at, newest_at = self._limits[limit]
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
        key = (zones, at[:10])
        starts = self._days.get(key)
        if starts is None:
            around = date.fromisoformat(at[:10])
            days = [around + timedelta(days=n) for n in (2, 1, 0, -1, -2, -3)]
            starts = [(f"{day_start(day, zones):%Y-%m-%d %H:%M:%S.%f}", day.isoformat()) for day in days]
            self._days[key] = starts
        return next(day for begins, day in starts if begins <= at)


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


def at_position(position: str, faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """The faults with where they stand: path "line 3: quantity", and the sentence begins with it."""
    where = position[:1].upper() + position[1:]
    return tuple(
        Fault(f.code, f"{position}: {f.path}" if f.path else position, f"{where}: {f.sentence}") for f in faults
    )


def group_key(fault: Fault, raw_value: str = "") -> str:
    """What rejections of one cause share: the code, and the key that nobody knows."""
    return f"{fault.code}:{raw_value}"[:120] if raw_value else fault.code[:120]


def carry(units: int, picos: int) -> tuple[int, int]:
    """Sums of both halves brought to 0 ≤ picos < 10¹²."""
    more, rest = divmod(picos, PICOS)
    return units + more, rest
