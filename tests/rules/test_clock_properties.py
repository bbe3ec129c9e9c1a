"""T1: periods tile time, over daylight saving, leap days, short months and moves; T2: every instant has one day."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction as F
from importlib import resources
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.clock import (
    Anchor,
    AnchorKind,
    Cadence,
    Period,
    Unit,
    add_months,
    day_start,
    local_date,
    midnight,
    month_of,
    period_containing,
    periods,
    seconds,
    zone,
)
from core.money import split_over_time

ONE_DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
# Zones whose clocks have jumped at midnight, by half an hour, or over a whole day, and then all others.
HARD_ZONES = [
    "Africa/Cairo",
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Toronto",
    "Asia/Amman",
    "Asia/Beirut",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "Pacific/Pago_Pago",
]
ALL_ZONES = sorted(set(resources.files("tzdata").joinpath("zones").read_text("utf-8").split()) - {"Factory"})
ZONES = st.sampled_from(HARD_ZONES) | st.sampled_from(ALL_ZONES)
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
MOVES = st.lists(st.tuples(DAYS, ZONES), min_size=1, max_size=4)
# Moves on neighbouring days, where a rule that looks at one zone at a time goes wrong.
CLOSE_MOVES = st.lists(st.tuples(st.dates(date(2024, 6, 25), date(2024, 7, 5)), ZONES), min_size=2, max_size=5)
CLOSE_INSTANTS = st.datetimes(datetime(2024, 6, 23), datetime(2024, 7, 8), timezones=st.just(UTC))  # noqa: DTZ001

CADENCES = st.one_of(
    st.builds(Cadence, st.integers(1, 400), st.just(Unit.DAY)),
    st.builds(Cadence, st.integers(1, 60), st.just(Unit.WEEK)),
    st.builds(Cadence, st.integers(1, 36), st.just(Unit.MONTH)),
    st.builds(Cadence, st.integers(1, 5), st.just(Unit.YEAR)),
)
LATE_DAYS = st.sampled_from([date(2024, 1, 29), date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 29)])
ANCHORS = st.builds(Anchor, st.sampled_from(AnchorKind), st.dates(date(2000, 1, 1), date(2040, 12, 31)) | LATE_DAYS)


# ── days ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(DAYS, ZONES)
@example(date(2018, 11, 4), "America/Sao_Paulo")
@example(date(2023, 11, 5), "America/Havana")
@example(date(2011, 12, 30), "Pacific/Apia")
@example(date(1919, 3, 31), "America/Toronto")
@settings(max_examples=500)
def test_midnight_is_the_first_instant_at_which_the_wall_shows_that_day_or_later(day: date, name: str) -> None:
    begins, there = midnight(day, name), zone(name)
    assert begins.astimezone(there).date() >= day
    assert (begins - TICK).astimezone(there).date() < day
    # and the wall never showed the day in the two days before, which hold any earlier of two midnights
    for hours in range(1, 48):
        assert (begins - timedelta(hours=hours)).astimezone(there).date() < day


@given(DAYS, ZONES)
@settings(max_examples=300)
def test_days_follow_each_other_and_last_no_longer_than_clocks_can_jump(day: date, name: str) -> None:
    length = midnight(day + ONE_DAY, name) - midnight(day, name)
    assert timedelta(0) <= length <= timedelta(hours=48)


@given(INSTANTS, ZONES)
@settings(max_examples=500)
def test_every_instant_lies_in_exactly_the_day_it_is_given(instant: datetime, name: str) -> None:
    day = local_date(instant, name)
    assert midnight(day, name) <= instant < midnight(day + ONE_DAY, name)


@given(INSTANTS, MOVES)
@settings(max_examples=500)
def test_every_instant_lies_in_exactly_one_day_also_when_the_customer_moves(
    instant: datetime, moves: list[tuple[date, str]]
) -> None:
    day = local_date(instant, moves)
    assert day_start(day, moves) <= instant < day_start(day + ONE_DAY, moves)


@given(CLOSE_INSTANTS, CLOSE_MOVES)
@settings(max_examples=500)
def test_moves_on_neighbouring_days_leave_no_gap_and_no_overlap(
    instant: datetime, moves: list[tuple[date, str]]
) -> None:
    day = local_date(instant, moves)
    assert day_start(day, moves) <= instant < day_start(day + ONE_DAY, moves)
    starts = [day_start(date(2024, 6, 20) + n * ONE_DAY, moves) for n in range(22)]
    assert starts == sorted(starts)


@given(CLOSE_INSTANTS, CLOSE_INSTANTS, CLOSE_MOVES)
def test_a_later_instant_never_has_an_earlier_day(
    one: datetime, other: datetime, moves: list[tuple[date, str]]
) -> None:
    earlier, later = sorted([one, other])
    assert local_date(earlier, moves) <= local_date(later, moves)


@given(DAYS, ZONES, ZONES)
@settings(max_examples=300)
def test_a_new_zone_begins_at_the_instant_of_the_old_zones_midnight(day: date, old: str, new: str) -> None:
    moves = [(date(1890, 1, 1), old), (day, new)]
    begins = day_start(day, moves)
    assert begins == midnight(day, old)
    assert local_date(begins - TICK, moves) == local_date(begins - TICK, old)
    # from then on it is the new zone's date, or that day where the new zone is still before it
    for hours in range(72):
        instant = begins + timedelta(hours=hours)
        assert local_date(instant, moves) == max(day, local_date(instant, new))


@given(DAYS, st.integers(1, 800), st.integers(1, 800), MOVES)
def test_the_seconds_of_two_parts_sum_to_those_of_the_whole(
    start: date, first: int, second: int, moves: list[tuple[date, str]]
) -> None:
    cut, end = start + first * ONE_DAY, start + (first + second) * ONE_DAY
    parts = seconds(Period(start, cut), moves) + seconds(Period(cut, end), moves)
    assert parts == seconds(Period(start, end), moves)


# ── periods ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(DAYS, st.integers(0, 1500), CADENCES, ANCHORS)
def test_periods_tile_time_without_gap_or_overlap(start: date, days: int, cadence: Cadence, anchor: Anchor) -> None:
    end = start + days * ONE_DAY
    tiles = list(periods(start, end, cadence, anchor))
    assert sum(tile.days for tile in tiles) == days
    assert [earlier.end for earlier in tiles[:-1]] == [later.start for later in tiles[1:]]
    if tiles:
        assert (tiles[0].start, tiles[-1].end) == (start, end)
    for tile in tiles[1:-1]:
        assert tile == period_containing(tile.start, cadence, anchor)


@given(DAYS, CADENCES, ANCHORS)
def test_every_day_of_a_step_names_the_same_step_and_the_days_around_it_another(
    day: date, cadence: Cadence, anchor: Anchor
) -> None:
    whole = period_containing(day, cadence, anchor)
    assert day in whole
    assert period_containing(whole.start, cadence, anchor) == whole
    assert period_containing(whole.end - ONE_DAY, cadence, anchor) == whole
    assert period_containing(whole.end, cadence, anchor).start == whole.end
    assert period_containing(whole.start - ONE_DAY, cadence, anchor).end == whole.start


@given(DAYS, st.integers(1, 12), LATE_DAYS, st.sampled_from([AnchorKind.START, AnchorKind.DAY]))
def test_an_anchor_on_a_late_day_is_restored_after_a_short_month(
    day: date, every: int, on: date, kind: AnchorKind
) -> None:
    whole = period_containing(day, Cadence(every, Unit.MONTH), Anchor(kind, on))
    for boundary in (whole.start, whole.end):
        month = month_of(boundary)
        assert boundary.day == min(on.day, month.days)


@given(DAYS, CADENCES, ANCHORS.filter(lambda anchor: anchor.kind is AnchorKind.CALENDAR))
def test_calendar_periods_begin_on_the_calendars_own_days(day: date, cadence: Cadence, anchor: Anchor) -> None:
    whole = period_containing(day, cadence, anchor)
    if cadence.unit is Unit.WEEK:
        assert whole.start.weekday() == 0
    if cadence.unit in (Unit.MONTH, Unit.YEAR):
        assert whole.start.day == 1
    if cadence.months and 12 % cadence.months == 0:
        assert (whole.start.month - 1) % cadence.months == 0


@given(INSTANTS, CADENCES, ANCHORS, MOVES)
def test_an_event_lies_between_the_instants_of_its_billing_period(
    instant: datetime, cadence: Cadence, anchor: Anchor, moves: list[tuple[date, str]]
) -> None:
    whole = period_containing(local_date(instant, moves), cadence, anchor)
    assert day_start(whole.start, moves) <= instant < day_start(whole.end, moves)


@given(DAYS, st.integers(-600, 600), st.integers(1, 31))
def test_adding_months_lands_in_the_month_meant(day: date, n: int, anchor_day: int) -> None:
    then = add_months(day, n, anchor_day)
    assert (then.year * 12 + then.month) - (day.year * 12 + day.month) == n
    assert then.day == min(anchor_day, month_of(then).days)


# ── shares ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(DAYS, CADENCES, ANCHORS, st.lists(st.integers(0, 2000), max_size=6), st.integers(-(10**9), 10**9))
def test_a_price_cut_at_any_days_of_its_period_sums_to_the_price(
    day: date, cadence: Cadence, anchor: Anchor, cuts: list[int], price_minor: int
) -> None:
    whole = period_containing(day, cadence, anchor)
    days = sorted(whole.start + (cut % (whole.days + 1)) * ONE_DAY for cut in cuts)
    shares = [whole.elapsed(day) for day in [*days, whole.end]]
    assert all(0 <= earlier <= later <= 1 for earlier, later in pairwise([F(0), *shares]))
    assert sum(split_over_time(price_minor, shares)) == price_minor


@given(DAYS, st.integers(1, 800), st.integers(-900, 900), st.integers(1, 800))
def test_the_overlap_of_two_periods_is_the_days_in_both(start: date, days: int, later: int, other_days: int) -> None:
    one = Period(start, start + days * ONE_DAY)
    other = Period(start + later * ONE_DAY, start + (later + other_days) * ONE_DAY)
    both = one.overlap(other)
    assert set(both or ()) == set(one) & set(other)
    assert both == other.overlap(one)


@given(DAYS, st.integers(1, 800))
def test_a_period_reads_back_from_its_own_text(start: date, days: int) -> None:
    period = Period(start, start + days * ONE_DAY)
    assert Period.parse(str(period)) == period
