"""The fields of an event, each judged by itself: its one spelling, or every fault as a sentence. Pure. The judge of the whole
event is core.metering.judge.

Quantities are spelled in plain digits, instants in UTC with exactly six fractional digits (finer fractions are cut off, never
rounded up into another day), properties as JSON with sorted keys and no spaces.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import zone
from core.errors import BadInput, Fault
from core.metering.model import Num
from core.money import PICOS, parse_decimal, to_parts

FIELDS = frozenset({"event_id", "customer", "meter", "quantity", "occurred_at", "properties", "source"})
IDENTIFIER_MAX = 200
PROPERTIES_MAX = 64
PROPERTY_NAME_MAX = 80
PROPERTY_TEXT_MAX = 1000
QUANTITY_DIGITS_MAX = 15  # 9,000 of the largest quantities still sum in 64 bits within one day
FIRST_YEAR, LAST_YEAR = 1970, 2200

PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
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
    if PLAIN.fullmatch(value):
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
