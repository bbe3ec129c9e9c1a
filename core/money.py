"""Money, exact numbers, the named rounding points and the two ways to split. Pure: text and numbers in, numbers out.

Money is an int of the currency's minor unit. What is entered or stored beside it is an exact decimal of up to twelve
fractional digits, and everything in between is a Fraction. No float gets in: numbers are taken as text, int, Decimal
or Fraction, and a float is a TypeError. Fractions become money at the named points (`round_line`, `round_discount`,
`round_tax`, `round_conversion`) and in the splits, always by `half_away`, so that a credit mirrors its charge.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import lcm
from pathlib import Path

from babel import Locale
from babel.numbers import get_decimal_symbol, get_group_symbol

from core.errors import BadInput, Refused

MINUS = "−"
FRACTION_DIGITS = 12
PICOS = 10**FRACTION_DIGITS
# Eighteen digits are what a 64-bit integer always holds: whatever is accepted here can also be stored.
INTEGER_DIGITS = 18
MINOR_MAX = 2**63 - 1
FEW = 8  # so many are found one by one sooner than by sorting

# ISO 4217's minor units. Babel's digits are CLDR's, which follow custom at the till: it prints the Albanian lek and the
# Iraqi dinar without decimals, while banks, tax offices and e-invoices count both in ISO's minor unit.
CURRENCIES_CSV = Path(__file__).resolve().parents[1].joinpath("data", "reference", "currencies.csv")


# ── currencies ──────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _exponents() -> dict[str, int]:
    with CURRENCIES_CSV.open(encoding="utf-8", newline="") as file:
        return {row["code"]: int(row["minor_unit"]) for row in csv.DictReader(file)}


def currencies() -> tuple[str, ...]:
    """All codes that can be billed in, sorted."""
    return tuple(sorted(_exponents()))


def check_currency(code: str, path: str = "") -> str:
    """The code itself; BadInput if it is not an ISO 4217 code with a minor unit."""
    if code not in _exponents():
        sentence = (
            f"{code!r} is no currency that amounts can be kept in; give an ISO 4217 code such as USD, in capitals."
        )
        raise BadInput.one("unknown_currency", path, sentence)
    return code


def exponent(currency: str) -> int:
    """How many decimals the minor unit has: JPY 0, USD 2, KWD 3."""
    return _exponents()[check_currency(currency)]


@dataclass(frozen=True)
class Money:
    """An amount: `minor` units of `currency`. Adds, subtracts and compares with its own currency only."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is a whole number of minor units, not {self.minor!r}")
        check_currency(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str, path: str = "") -> Money:
        """From an amount in major units, such as "12.34"; more decimals than the currency has are refused."""
        digits = exponent(currency)
        minor = Fraction(parse_decimal(text, path)) * 10**digits
        if minor.denominator != 1:
            has = f"{digits} decimals" if digits else "no decimals"
            raise BadInput.one(
                "too_many_decimals", path, f"{text.strip()!r} is finer than {currency}, which has {has}."
            )
        if abs(minor.numerator) > MINOR_MAX:
            raise BadInput.one("too_large", path, f"{text.strip()!r} {currency} is more than an amount can be.")
        return cls(minor.numerator, currency)

    @property
    def decimal(self) -> Decimal:
        """In major units, with exactly the currency's decimals."""
        return _decimal(self.minor, exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"

    def _other(self, other: Money) -> int:
        if other.currency != self.currency:
            rule = "amounts of two currencies meet only through a stored exchange rate"
            raise Refused("currency_mixed", f"{self} and {other} cannot be added or compared: {rule}.")
        return other.minor

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._other(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._other(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._other(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._other(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._other(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._other(other)


# ── rounding: the named points, and nowhere else ────────────────────────────────────────────────────────────────────


def _exact(value: Fraction | int) -> Fraction:
    """Fractions and ints pass; a float or a Decimal (whose arithmetic rounds by context) is our own mistake."""
    if isinstance(value, bool) or not isinstance(value, (Fraction, int)):
        raise TypeError(f"an exact Fraction is needed here, not {value!r}")
    return Fraction(value)


def half_away(value: Fraction) -> int:
    """The one rounding function: the nearest integer, a half away from zero for either sign."""
    exact = _exact(value)
    return half_away_of(exact.numerator, exact.denominator)


def half_away_of(numerator: int, denominator: int) -> int:
    """The same of a ratio that nobody has reduced; the denominator is above 0."""
    nearest = (2 * abs(numerator) + denominator) // (2 * denominator)
    return nearest if numerator >= 0 else -nearest


def _to_minor(exact_major: Fraction, currency: str) -> int:
    return half_away(_exact(exact_major) * 10 ** exponent(currency))


def round_line(exact_major: Fraction, currency: str) -> int:
    """A line's amount becomes money."""
    return _to_minor(exact_major, currency)


def round_discount(exact_major: Fraction, currency: str) -> int:
    """The total of a percentage discount becomes money; `split_over_things` then spreads it over lines."""
    return _to_minor(exact_major, currency)


def round_tax(exact_major: Fraction, currency: str) -> int:
    """The tax of one rate becomes money."""
    return _to_minor(exact_major, currency)


def round_conversion(exact_major: Fraction, currency: str) -> int:
    """An amount converted at a stored rate becomes money of `currency`."""
    return _to_minor(exact_major, currency)


def to_major(minor: int, currency: str) -> Fraction:
    return Fraction(minor, 10 ** exponent(currency))


# ── the two ways to split a rounded whole ───────────────────────────────────────────────────────────────────────────


def split_over_things(whole: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Parts in proportion to weights ≥ 0: largest remainder, ties to the earlier position; they sum to the whole.

    A whole and its negative split alike. Where weights are amounts and |whole| ≤ Σ weights, no part exceeds its weight.
    """
    for weight in weights:
        if type(weight) is not int:
            exact = [_exact(weight) for weight in weights]
            scale = lcm(*(weight.denominator for weight in exact))  # one common denominator makes the rest integers
            return largest_remainder(whole, [(weight * scale).numerator for weight in exact])
    return largest_remainder(whole, weights)  # type: ignore[arg-type]  # just seen to be integers


def largest_remainder(whole: int, weights: Sequence[int]) -> list[int]:
    """`split_over_things` where all weights are whole numbers."""
    if weights and min(weights) < 0:
        raise ValueError("weights may not be negative")
    total = sum(weights)
    if not total:
        if not whole:
            return [0] * len(weights)
        raise Refused("nothing_to_split_over", "The amount was not spread: everything it would fall on is zero.")
    size = abs(whole)
    parts, rests, missing = [], [], size
    for weight in weights:
        scaled = size * weight
        part = scaled // total
        missing -= part
        parts.append(part)
        rests.append(scaled % total)
    if missing > FEW:
        for position in sorted(range(len(parts)), key=rests.__getitem__, reverse=True)[:missing]:
            parts[position] += 1
        missing = 0
    while missing:
        largest = rests.index(max(rests))  # the first of equals
        parts[largest] += 1
        rests[largest] = -1
        missing -= 1
    return parts if whole >= 0 else [-part for part in parts]


def cumulative(whole: int, share: Fraction) -> int:
    """R(whole × share): what of the whole belongs to the time up to a moment. Time splits are differences of this."""
    return half_away(whole * _exact(share))


def split_over_time(whole: int, cumulative_shares: Sequence[Fraction]) -> list[int]:
    """One part per step from 0 through the shares, which never fall; they sum to the whole where the last share is 1.

    Because each part is a difference of rounded cumulative amounts, cutting a step in two changes no other part.
    """
    shares = [Fraction(0), *(_exact(share) for share in cumulative_shares)]
    if any(later < earlier for earlier, later in pairwise(shares)):
        raise ValueError("cumulative shares may not fall")
    return [cumulative(whole, later) - cumulative(whole, earlier) for earlier, later in pairwise(shares)]


# ── exact numbers: text, two integers, fractions ────────────────────────────────────────────────────────────────────

# Plain digits with at most one point and a short exponent; a copied U+2212 minus counts as a minus. ASCII digits only,
# and no underscores, both of which Decimal itself would let in.
_NUMBER = re.compile(r"([+\-−]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,9}))?")
_GROUPED = re.compile(r"[+\-−]?[0-9]{1,3}(?:[,.'’ \u00a0\u202f_][0-9]{2,3})+(?:[.,][0-9]*)?")
_NOT_FINITE = re.compile(r"[+\-−]?(?:s?nan[0-9]*|inf(?:inity)?|∞)", re.IGNORECASE)
_TEXT_MAX = 100


def _number_fault(text: str) -> tuple[str, str]:
    """Code and sentence for a text that is no plain number."""
    shown = repr(text if len(text) <= 40 else text[:40] + "…")
    if not text:
        return "number_missing", "A number is missing here."
    if _NOT_FINITE.fullmatch(text):
        return "not_finite", f"{shown} is not a number that can be billed; give the figure itself."
    if "," in text or _GROUPED.fullmatch(text):
        return "separator", f"{shown}: write the number without separators and with a decimal point, such as 1234.56."
    return "not_a_number", f"{shown} is not a number; write digits with a decimal point, such as 1234.56."


def parse_decimal(text: str, path: str = "") -> Decimal:
    """An exact decimal from text, in one spelling per value (no trailing zeros, no exponent, no negative zero).

    Up to 12 fractional and 18 integer digits, counted on the value: "1.50e1" is 15. BadInput otherwise.
    """
    stripped = text.strip()
    match = _NUMBER.fullmatch(stripped) if len(stripped) <= _TEXT_MAX else None
    if match is None:
        raise BadInput.one(_number_fault(stripped)[0], path, _number_fault(stripped)[1])
    sign, mantissa, power = match.groups()
    whole, _, fraction = mantissa.partition(".")
    # value = digits × 10^-places, with no zero at either end of digits
    digits = (whole + fraction).lstrip("0")
    places = len(fraction) - int(power or 0) - (len(digits) - len(digits.rstrip("0")))
    digits = digits.rstrip("0")
    if not digits:
        return Decimal(0)
    if len(digits) - places > INTEGER_DIGITS:
        limit = f"at most {INTEGER_DIGITS} digits before the decimal point can be kept"
        raise BadInput.one("too_large", path, f"{stripped!r} is too large: {limit}.")
    if places > FRACTION_DIGITS:
        limit = f"at most {FRACTION_DIGITS} digits after the decimal point can be kept"
        raise BadInput.one("too_many_decimals", path, f"{stripped!r} is too fine: {limit}.")
    scaled = int(digits) * 10 ** max(0, -places)
    return _decimal(-scaled if sign in ("-", MINUS) else scaled, max(0, places))


def _decimal(scaled: int, places: int) -> Decimal:
    """scaled ÷ 10^places with exactly that many places, past any decimal context."""
    return Decimal((int(scaled < 0), tuple(int(digit) for digit in str(abs(scaled))), -places))


def to_parts(value: Decimal | Fraction) -> tuple[int, int]:
    """(units, picos) for storage: value = units + picos ÷ 10¹², 0 ≤ picos < 10¹². −0.25 is (−1, 750000000000)."""
    if not isinstance(value, (Decimal, Fraction)):
        raise TypeError(f"a Decimal or Fraction is needed here, not {value!r}")
    scaled = Fraction(value) * PICOS
    if scaled.denominator != 1:
        raise ValueError(f"{value} has more than {FRACTION_DIGITS} fractional digits")
    units, picos = divmod(scaled.numerator, PICOS)
    return units, picos


def from_parts(units: int, picos: int) -> Decimal:
    """The value stored as two integers; picos may be a sum that is not carried over yet."""
    return Decimal(exact_text(Fraction(units * PICOS + picos, PICOS)))


def exact_text(value: Fraction) -> str:
    """A terminating decimal in full, else "n/d" in lowest terms: what stands beside a rounded amount."""
    exact = _exact(value)
    rest, twos, fives = exact.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{exact.numerator}/{exact.denominator}"
    places = max(twos, fives)
    return f"{_decimal((exact * 10**places).numerator, places):f}"


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _number_signs(locale: str) -> tuple[str, str, int, int]:
    """Group sign, decimal sign, size of the first group before it and of the further ones (lakh and crore: 3 and 2)."""
    known = Locale.parse(locale)
    first, further = known.decimal_formats[None].grouping
    return get_group_symbol(known), get_decimal_symbol(known), first, further


def format_decimal(value: Decimal, locale: str = "en", places: int = 0) -> str:
    """Grouped by the locale, U+2212 for minus, at least `places` decimals and never fewer than the value has."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"an exact decimal is needed, not {value!r}")
    comma, point, size, further = _number_signs(locale)  # babel's signs, not its formatter, which costs 20 times this
    whole, _, decimals = format(value.copy_abs(), "f").partition(".")
    groups: list[str] = []
    while len(whole) > size:
        groups.append(whole[-size:])
        whole, size = whole[:-size], further
    groups.append(whole)
    decimals = decimals.ljust(places, "0")
    text = comma.join(reversed(groups)) + (point + decimals if decimals else "")
    return MINUS + text if value < 0 else text


def format_money(minor: int, currency: str, locale: str = "en") -> str:
    """ "6,792.08 EUR": the stored amount with all its decimals, the code after it."""
    return f"{format_decimal(Money(minor, currency).decimal, locale)} {currency}"
