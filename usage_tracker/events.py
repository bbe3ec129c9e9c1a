"""What was used as an event, checked where it happens: exact numbers, an id, an instant, flat properties. Pure but for the clock
and the dice that make an id.

No binary float enters: 0.1 has no exact value, so nobody could say what to bill. It is refused with a sentence; pass an int, a
Decimal or the digits as text.
"""

import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from usage_tracker.publishing import Spooled

Number = int | Decimal | str
BYTES_MAX = 65_536  # of one event, as the receiver takes it
DIGITS_BEFORE, DIGITS_AFTER = 15, 12
PROPERTIES_MAX, PROPERTY_NAME_MAX, PROPERTY_TEXT_MAX = 64, 80, 1000
WORDS = (("customer", "customer_id"), ("meter", "resource_type"), ("properties", "metadata"))
MICROSECOND = timedelta(microseconds=1)


class UsageError(ValueError):
    """The event cannot be one, and was not kept: the sentence says why."""


def new_id() -> str:
    """A UUID of version 7: ordered by time, so that the receiver's indexes grow at their end."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    number = number & ~(0xF000 << 64) | 0x7000 << 64
    digits = f"{number & ~(0xC000 << 48) | 0x8000 << 48:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def one_word(given: Mapping[str, Any], name: str, other: str) -> Any:
    """A value that may be called by either of two words; two different values are a mistake."""
    values = [given[word] for word in (name, other) if given.get(word) is not None]
    if len(values) == 2 and values[0] != values[1]:
        raise UsageError(f"{name} and {other} are the same, and they say {values[0]!r} and {values[1]!r}; give one.")
    return values[0] if values else None


def made(
    *,
    customer: str | None,
    meter: str | None,
    quantity: Number,
    occurred_at: datetime | str | None,
    properties: Mapping[str, Any] | None,
    event_id: str | None,
) -> Spooled:
    """The event, complete: what is kept now is what every retry sends."""
    fields = {
        "event_id": text(event_id if event_id is not None else new_id(), "event_id"),
        "customer": text(customer, "customer"),
        "meter": text(meter, "meter"),
        "quantity": digits(quantity, "quantity"),
        "occurred_at": instant(occurred_at),
    }
    spelled = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields.items()]
    if properties:
        spelled.append(f'"properties":{flat(properties)}')
    body = "{" + ",".join(spelled) + "}"
    if len(body) > BYTES_MAX:
        raise UsageError(f"The event has {len(body)} bytes, and at most {BYTES_MAX} are taken; shorten its properties.")
    return Spooled(fields["event_id"], fields["customer"], body)


def text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable() or value != value.strip():
        raise UsageError(f"{name} is {value!r}; it has to be text of 1 to 200 printable characters.")
    return value


def exact(value: Any, name: str) -> Decimal:
    """The number without a digit lost; a float, NaN and infinity are refused."""
    if isinstance(value, float):
        raise UsageError(
            f"{name} is the binary float {value!r}, which has no exact value; pass an int, a Decimal or text."
        )
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise UsageError(f"{name} is {value!r}; it has to be an int, a Decimal or the digits as text.")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise UsageError(f"{name} is {value!r}, which is no number.") from None
    if not number.is_finite():
        raise UsageError(f"{name} is {value!r}; only finite numbers are counted.")
    return number


def digits(value: Any, name: str) -> str:
    """Plain digits, at most 15 before the point and 12 after it."""
    number = exact(value, name)
    if number == 0:
        return "0"
    if number.adjusted() >= DIGITS_BEFORE:
        raise UsageError(f"{name} is {value!r}; at most {DIGITS_BEFORE} digits before the point are counted.")
    whole, _, fraction = (
        format(number, "f").partition(".") if number.adjusted() >= -DIGITS_AFTER else ("", "", "1" * 99)
    )
    fraction = fraction.rstrip("0")
    if len(fraction) > DIGITS_AFTER:
        raise UsageError(f"{name} is {value!r}; at most {DIGITS_AFTER} digits after the point are counted.")
    return f"{whole}.{fraction}" if fraction else whole


def instant(value: datetime | str | None) -> str:
    """ISO text; the present if none is given, so that every retry says the same."""
    if value is None:
        value = datetime.now(UTC)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError(
                f"occurred_at is {value!r} without a zone; nobody knows which one it means. Give it one, such as UTC."
            )
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return text(value, "occurred_at")


def flat(properties: Mapping[str, Any]) -> str:
    """The properties as JSON: text, exact numbers, true, false and null."""
    if not isinstance(properties, Mapping) or len(properties) > PROPERTIES_MAX:
        raise UsageError(f"properties have to be a mapping of at most {PROPERTIES_MAX} names.")
    parts = []
    for name, value in properties.items():
        if not isinstance(name, str) or not 0 < len(name) <= PROPERTY_NAME_MAX or not name.isprintable():
            raise UsageError(f"The property {name!r} has to be named by 1 to {PROPERTY_NAME_MAX} printable characters.")
        parts.append(f"{json.dumps(name)}:{_property(value, name)}")
    return "{" + ",".join(parts) + "}"


def _property(value: Any, name: str) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        if len(value) > PROPERTY_TEXT_MAX or "\x00" in value or any("\ud800" <= one <= "\udfff" for one in value):
            raise UsageError(f"The property {name} has to be valid text of at most {PROPERTY_TEXT_MAX} characters.")
        return json.dumps(value)
    return digits(value, f"The property {name}")


def megabyte_seconds(size_bytes: int, seconds: timedelta | Number) -> Decimal:
    """10⁶ bytes × 1 s, exactly: a byte for a microsecond is the twelfth digit."""
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, int) or size_bytes < 0:
        raise UsageError(f"size_bytes is {size_bytes!r}; it is a whole number of bytes, not negative.")
    product = size_bytes * microseconds(seconds, "seconds", 6)
    return Decimal((0, tuple(map(int, str(product))), -12))


def microseconds(value: timedelta | Number, name: str, places: int) -> int:
    """A timedelta, or a number of units of which 10^places microseconds are one, in whole microseconds."""
    if isinstance(value, timedelta):
        micros = value // MICROSECOND
    else:
        plain = digits(value, name)
        whole, _, fraction = plain.partition(".")
        if len(fraction) > places:
            raise UsageError(f"{name} is {value!r}; finer than a microsecond is not counted.")
        micros = int(whole + fraction.ljust(places, "0"))
    if micros < 0:
        raise UsageError(f"{name} is {value!r}; it cannot be negative.")
    return micros
