"""What holds for every amount: M3 (every split sums to its whole), mirrored signs, exact round trips."""

from decimal import Decimal
from fractions import Fraction as F
from itertools import accumulate

from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import BadInput
from core.money import (
    FRACTION_DIGITS,
    INTEGER_DIGITS,
    Money,
    cumulative,
    currencies,
    exact_text,
    exponent,
    format_decimal,
    format_money,
    from_parts,
    half_away,
    parse_decimal,
    round_line,
    split_over_things,
    split_over_time,
    to_major,
    to_parts,
)

AMOUNTS = st.integers(-(10**15), 10**15)
FRACTIONS = st.fractions(max_denominator=10**6)
WEIGHTS = st.lists(
    st.one_of(st.integers(0, 10**12), st.fractions(0, 10**6, max_denominator=10**4)), min_size=1, max_size=12
)
SHARES = st.lists(st.fractions(0, 1, max_denominator=3660), max_size=12).map(sorted)
CURRENCIES = st.sampled_from(currencies())
# Every decimal that may be stored, small and huge alike: an integer of up to 30 digits in units of 10⁻¹².
DECIMALS = st.integers(-(10**30) + 1, 10**30 - 1).map(lambda picos: F(picos, 10**FRACTION_DIGITS))


@given(FRACTIONS)
def test_rounding_is_off_by_half_at_most_and_a_half_goes_away_from_zero(value: F) -> None:
    nearest = half_away(value)
    assert abs(nearest - value) <= F(1, 2)
    if abs(nearest - value) == F(1, 2):
        assert abs(nearest) > abs(value)


@given(FRACTIONS, CURRENCIES)
def test_a_credit_mirrors_its_charge(value: F, currency: str) -> None:
    assert half_away(-value) == -half_away(value)
    assert round_line(-value, currency) == -round_line(value, currency)


@given(FRACTIONS, st.integers(-(10**9), 10**9))
def test_rounding_never_turns_an_order_around(value: F, more: int) -> None:
    bigger = value + abs(F(more, 7))
    assert half_away(value) <= half_away(bigger)


@given(AMOUNTS, WEIGHTS)
@example(100, [1, 1, 1])
@example(-1, [F(1, 3), F(1, 3), F(1, 3)])
def test_a_split_over_things_sums_to_its_whole_and_mirrors_its_negative(whole: int, weights: list[int | F]) -> None:
    if not any(weights):
        return
    parts = split_over_things(whole, weights)
    assert sum(parts) == whole
    assert split_over_things(-whole, weights) == [-part for part in parts]


@given(AMOUNTS, WEIGHTS)
def test_each_part_is_its_exact_share_rounded_up_or_down_and_zero_weight_gets_nothing(
    whole: int, weights: list[int | F]
) -> None:
    total = F(sum(weights))
    if not total:
        return
    for part, weight in zip(split_over_things(whole, weights), weights, strict=True):
        assert abs(part - whole * weight / total) < 1
        assert weight or not part


@given(AMOUNTS, WEIGHTS)
def test_who_gets_the_odd_cent_had_the_larger_remainder_or_stood_first(whole: int, weights: list[int | F]) -> None:
    total = F(sum(weights))
    if not total:
        return
    exact = [abs(whole) * weight / total for weight in weights]
    rests = [share - share.__floor__() for share in exact]
    got = [abs(part) > share.__floor__() for part, share in zip(split_over_things(whole, weights), exact, strict=True)]
    order = sorted(range(len(weights)), key=lambda position: (-rests[position], position))
    assert [got[position] for position in order] == sorted(got, reverse=True)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12), st.fractions(0, 1, max_denominator=1000))
def test_a_discount_within_the_lines_never_exceeds_any_of_them(lines: list[int], share: F) -> None:
    discount = int(sum(lines) * share)
    if not sum(lines):
        return
    for part, line in zip(split_over_things(discount, lines), lines, strict=True):
        assert 0 <= part <= line


@given(AMOUNTS, WEIGHTS, st.integers(1, 1000))
def test_the_measure_of_the_weights_does_not_matter(whole: int, weights: list[int | F], factor: int) -> None:
    if not any(weights):
        return
    assert split_over_things(whole, weights) == split_over_things(whole, [weight * F(factor, 7) for weight in weights])


@given(AMOUNTS, SHARES)
def test_any_cut_of_time_sums_to_its_whole_and_mirrors_its_negative(whole: int, cuts: list[F]) -> None:
    parts = split_over_time(whole, [*cuts, F(1)])
    assert sum(parts) == whole
    assert split_over_time(-whole, [*cuts, F(1)]) == [-part for part in parts]


@given(AMOUNTS, SHARES)
def test_at_every_cut_what_went_before_is_the_rounded_cumulative_amount(whole: int, cuts: list[F]) -> None:
    assert list(accumulate(split_over_time(whole, cuts))) == [cumulative(whole, cut) for cut in cuts]


@given(AMOUNTS, SHARES, st.fractions(0, 1, max_denominator=3660))
def test_one_more_cut_divides_one_part_and_changes_no_other(whole: int, cuts: list[F], cut: F) -> None:
    finer_cuts = sorted([*cuts, cut, F(1)])
    coarse, finer = split_over_time(whole, [*cuts, F(1)]), split_over_time(whole, finer_cuts)
    at = finer_cuts.index(cut)
    assert finer[:at] == coarse[:at]
    assert finer[at] + finer[at + 1] == coarse[at]
    assert finer[at + 2 :] == coarse[at + 1 :]


@given(AMOUNTS, SHARES)
def test_no_part_of_time_has_the_other_sign(whole: int, cuts: list[F]) -> None:
    assert all(part * whole >= 0 for part in split_over_time(whole, cuts))


@given(DECIMALS)
def test_every_storable_number_comes_back_from_the_store_and_from_its_text(value: F) -> None:
    units, picos = to_parts(value)
    assert 0 <= picos < 10**FRACTION_DIGITS
    assert -(2**63) <= units < 2**63
    assert F(from_parts(units, picos)) == value
    assert F(parse_decimal(exact_text(value))) == value


@given(DECIMALS, st.integers(-20, 20), st.sampled_from(["e", "E"]))
def test_all_spellings_of_a_number_are_read_alike(value: F, power: int, letter: str) -> None:
    plain = parse_decimal(exact_text(value))
    shifted = exact_text(value / F(10) ** power)
    spelled = parse_decimal(f" {shifted}{letter}{power} ")
    assert spelled == plain
    assert spelled.as_tuple() == plain.as_tuple()  # so that equal values also hash and print alike


@given(st.text(max_size=30) | st.from_regex(r"[-+]?[0-9.,eE_ ]{1,30}", fullmatch=True))
def test_any_text_is_either_a_number_within_the_limits_or_refused_in_a_sentence(text: str) -> None:
    outcome: Decimal | BadInput
    try:
        outcome = parse_decimal(text, "quantity")
    except BadInput as refused:
        outcome = refused
    if isinstance(outcome, BadInput):
        assert [fault.path for fault in outcome.faults] == ["quantity"]
        assert str(outcome).endswith(".")
    else:
        assert outcome == Decimal(text.strip().replace("−", "-"))
        assert abs(outcome) < 10**INTEGER_DIGITS
        assert (F(outcome) * 10**FRACTION_DIGITS).denominator == 1


@given(FRACTIONS)
def test_the_exact_text_of_any_fraction_is_that_fraction(value: F) -> None:
    assert F(exact_text(value)) == value


@given(AMOUNTS, CURRENCIES)
def test_an_amount_survives_its_text_and_its_major_units(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(f"{amount.decimal:f}", currency) == amount
    assert round_line(to_major(minor, currency), currency) == minor
    assert -int(amount.decimal.as_tuple().exponent) == exponent(currency)


@given(AMOUNTS, AMOUNTS, CURRENCIES)
def test_sums_of_money_are_the_sums_of_their_minor_units(one: int, other: int, currency: str) -> None:
    a, b = Money(one, currency), Money(other, currency)
    assert a + b == b + a == Money(one + other, currency)
    assert a - b == a + -b
    assert (a < b) == (one < other)


def unshown(text: str) -> str:
    return text.replace(",", "").replace("−", "-")


@given(AMOUNTS, CURRENCIES)
def test_the_printed_amount_is_the_stored_amount(minor: int, currency: str) -> None:
    number, _, code = format_money(minor, currency).rpartition(" ")
    assert Money.parse(unshown(number), code) == Money(minor, currency)


@given(DECIMALS, st.integers(0, 6))
def test_the_printed_number_is_the_stored_number(value: F, places: int) -> None:
    assert F(unshown(format_decimal(parse_decimal(exact_text(value)), places=places))) == value
