"""Periods and their anchors: where months are short, and where a step is cut."""

import ast
from datetime import date, timedelta
from fractions import Fraction as F
from itertools import pairwise
from pathlib import Path

import pytest

from core import clock
from core.clock import (
    Anchor,
    AnchorKind,
    Cadence,
    Period,
    Unit,
    add_months,
    month_of,
    period_containing,
    periods,
)
from core.errors import BadInput


def day(text: str) -> date:
    return date.fromisoformat(text)


def span(text: str) -> Period:
    return Period.parse(text)


# ── Period ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_period_holds_its_start_and_not_its_end() -> None:
    february = span("2024-02-01/2024-03-01")
    assert day("2024-02-01") in february
    assert day("2024-02-29") in february
    assert day("2024-03-01") not in february
    assert day("2024-01-31") not in february
    assert february.days == 29
    assert list(february) == [day("2024-02-01") + timedelta(days=n) for n in range(29)]


@pytest.mark.parametrize("text", ["2024-02-01/2024-02-01", "2024-03-01/2024-02-01"])
def test_a_period_without_a_day_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="ends after it starts"):
        span(text)


@pytest.mark.parametrize(
    "text", ["", "2024-02-01", "2024-02-01/", "2024-02-30/2024-03-01", "a/b", "2024-01-01/2024-02-01/"]
)
def test_a_text_that_is_no_period_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="2024-02-01/2024-03-01") as refused:
        Period.parse(text, "lines[0].period")
    assert refused.value.faults[0].path == "lines[0].period"


def test_a_period_reads_back_from_its_text() -> None:
    assert str(span("2024-02-01/2024-03-01")) == "2024-02-01/2024-03-01"


@pytest.mark.parametrize(
    ("other", "both"),
    [
        ("2024-01-15/2024-02-10", "2024-02-01/2024-02-10"),
        ("2024-02-10/2024-02-20", "2024-02-10/2024-02-20"),
        ("2024-01-01/2025-01-01", "2024-02-01/2024-03-01"),
        ("2024-01-01/2024-02-01", None),  # they touch, and share no day
        ("2024-03-01/2024-04-01", None),
    ],
)
def test_two_periods_overlap_in_the_days_of_both(other: str, both: str | None) -> None:
    february = span("2024-02-01/2024-03-01")
    expected = span(both) if both else None
    assert february.overlap(span(other)) == expected == span(other).overlap(february)


@pytest.mark.parametrize(
    ("on", "share"),
    [
        ("2024-02-01", F(0)),
        ("2024-02-16", F(15, 29)),
        ("2024-03-01", F(1)),
        ("2024-01-01", F(0)),  # before it nothing has elapsed,
        ("2024-06-01", F(1)),  # after it everything has
    ],
)
def test_the_share_elapsed_counts_the_days_before(on: str, share: F) -> None:
    assert span("2024-02-01/2024-03-01").elapsed(day(on)) == share


def test_the_stub_of_a_late_starter_is_measured_against_the_whole_period_of_its_anchor() -> None:
    # doors.md: billed on the 9th, started on 21 May: 19 of the 31 days of 9 May to 9 June
    stub = span("2031-05-21/2031-06-09")
    whole = period_containing(stub.start, Cadence(1, Unit.MONTH), Anchor(AnchorKind.DAY, day("2031-06-09")))
    assert whole == span("2031-05-09/2031-06-09")
    assert whole.elapsed(stub.end) - whole.elapsed(stub.start) == F(19, 31)


# ── cadences and anchors ────────────────────────────────────────────────────────────────────────────────────────────

MONTH, QUARTER, YEAR = Cadence(1, Unit.MONTH), Cadence(3, Unit.MONTH), Cadence(1, Unit.YEAR)


def start(on: str) -> Anchor:
    return Anchor(AnchorKind.START, day(on))


def calendar(on: str) -> Anchor:
    return Anchor(AnchorKind.CALENDAR, day(on))


@pytest.mark.parametrize(
    ("first", "last", "cadence", "anchor", "boundaries", "shows"),
    [
        (
            "2024-01-31",
            "2024-05-31",
            MONTH,
            start("2024-01-31"),
            "2024-01-31 2024-02-29 2024-03-31 2024-04-30 2024-05-31",
            "the 31st is clamped to a short month, then restored",
        ),
        (
            "2023-01-29",
            "2023-04-29",
            MONTH,
            start("2023-01-29"),
            "2023-01-29 2023-02-28 2023-03-29 2023-04-29",
            "the 29th in a February of 28 days",
        ),
        (
            "2024-02-29",
            "2028-02-29",
            YEAR,
            start("2024-02-29"),
            "2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29",
            "the leap day comes back with its year",
        ),
        (
            "2024-02-15",
            "2024-08-10",
            QUARTER,
            calendar("2024-02-15"),
            "2024-02-15 2024-04-01 2024-07-01 2024-08-10",
            "calendar quarters, with a stub at either end",
        ),
        (
            "2024-02-15",
            "2026-01-01",
            YEAR,
            calendar("2024-02-15"),
            "2024-02-15 2025-01-01 2026-01-01",
            "calendar years",
        ),
        (
            "2024-02-15",
            "2024-03-25",
            Cadence(2, Unit.WEEK),
            calendar("2024-02-15"),
            "2024-02-15 2024-02-26 2024-03-11 2024-03-25",
            "every other Monday, counted from 12 February, the Monday before a Thursday's start",
        ),
        (
            "2024-02-15",
            "2024-03-07",
            Cadence(10, Unit.DAY),
            calendar("2024-02-15"),
            "2024-02-15 2024-02-25 2024-03-06 2024-03-07",
            "the calendar has no own tens of days: they count from the anchor",
        ),
        (
            "2031-05-21",
            "2031-08-09",
            MONTH,
            Anchor(AnchorKind.DAY, day("2031-06-09")),
            "2031-05-21 2031-06-09 2031-07-09 2031-08-09",
            "a billing day set later than the start also divides the time before it",
        ),
        ("2024-02-15", "2024-02-15", MONTH, start("2024-02-15"), "2024-02-15", "no time, no period"),
    ],
)
def test_the_periods_of_a_cadence_follow_its_anchor(
    first: str, last: str, cadence: Cadence, anchor: Anchor, boundaries: str, shows: str
) -> None:
    days = [day(text) for text in boundaries.split()]
    expected = [Period(a, b) for a, b in pairwise(days)]
    assert list(periods(day(first), day(last), cadence, anchor)) == expected, shows


@pytest.mark.parametrize(
    ("on", "cadence", "anchor", "whole"),
    [
        ("2024-02-29", MONTH, start("2024-01-31"), "2024-02-29/2024-03-31"),
        ("2024-02-28", MONTH, start("2024-01-31"), "2024-01-31/2024-02-29"),
        ("2023-12-31", MONTH, start("2024-01-31"), "2023-12-31/2024-01-31"),  # also before the anchor
        ("2023-12-30", MONTH, start("2024-01-31"), "2023-11-30/2023-12-31"),
        ("2024-11-15", Cadence(5, Unit.MONTH), calendar("2024-02-15"), "2024-11-01/2025-04-01"),  # Jan, Jun, Nov, Apr
        ("2025-03-01", Cadence(2, Unit.YEAR), calendar("2024-02-15"), "2024-01-01/2026-01-01"),
        ("2024-02-18", Cadence(1, Unit.WEEK), start("2024-02-15"), "2024-02-15/2024-02-22"),
        ("2024-02-14", Cadence(1, Unit.DAY), start("2024-02-15"), "2024-02-14/2024-02-15"),
    ],
)
def test_the_whole_period_of_any_day_is_known(on: str, cadence: Cadence, anchor: Anchor, whole: str) -> None:
    assert period_containing(day(on), cadence, anchor) == span(whole)


@pytest.mark.parametrize("every", [0, -1])
def test_a_cadence_of_no_length_is_refused(every: int) -> None:
    with pytest.raises(BadInput, match="every 1 month or more"):
        Cadence(every, Unit.MONTH)


@pytest.mark.parametrize(
    ("on", "n", "anchor_day", "then"),
    [
        ("2024-01-31", 1, 31, "2024-02-29"),
        ("2024-02-29", 1, 31, "2024-03-31"),
        ("2023-01-30", 1, 30, "2023-02-28"),
        ("2024-03-31", -1, 31, "2024-02-29"),
        ("2024-01-15", -1, 15, "2023-12-15"),
        ("2024-12-15", 1, 15, "2025-01-15"),
        ("2024-02-29", 12, 29, "2025-02-28"),
    ],
)
def test_months_are_added_with_the_anchor_day_clamped(on: str, n: int, anchor_day: int, then: str) -> None:
    assert add_months(day(on), n, anchor_day) == day(then)


def test_the_month_of_a_day_is_the_calendars() -> None:
    assert month_of(day("2024-02-29")) == span("2024-02-01/2024-03-01")
    assert month_of(day("2023-12-01")) == span("2023-12-01/2024-01-01")


def test_the_module_never_reads_the_clock() -> None:
    called = {
        node.attr
        for node in ast.walk(ast.parse(Path(clock.__file__).read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert not called & {"now", "utcnow", "today", "monotonic", "localtime", "perf_counter", "time_ns"}
