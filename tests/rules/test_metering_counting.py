"""What a meter makes of an event: filters, the number of a property, the value that is counted once."""

from typing import Any

import pytest

from core.errors import Fault
from core.metering.counting import UNCOUNTED, Tally, dimension_values, matches, tally
from core.metering.model import MeterRule
from core.words import Aggregation
from tests.support.business import SINCE

CONDITIONS: list[tuple[Any, str, bool, str]] = [
    ("eu", '"eu"', True, "one value"),
    ("eu", '"EU"', False, "spelled otherwise"),
    (["eu", "us"], '"us"', True, "one of several"),
    (200, "200", True, "a number"),
    (200, '"200"', True, "the same number, as a CSV spells it"),
    (True, "true", True, "yes"),
    (True, '"true"', True, "yes, as a CSV spells it"),
    ("eu", "null", False, "nothing is no value"),
    ({"not": "eu"}, '"us"', True, "another value"),
    ({"not": ["eu", "us"]}, '"us"', False, "one of those that are not meant"),
    ({"not": "eu"}, "null", True, "nothing is another value"),
    ({"above": "5"}, "5", False, "above does not hold its bound"),
    ({"at_least": "5"}, '"5.0"', True, "at least does, in any spelling"),
    ({"below": "0.000000000001"}, "0", True, "the twelfth digit"),
    ({"at_least": "200", "below": "300"}, "299.5", True, "a range"),
    ({"at_least": "200", "below": "300"}, "300", False, "its end is out"),
    ({"above": "5"}, '"many"', False, "a word is in no range"),
    ({"above": "5"}, "null", False, "nothing is in no range"),
    ({"present": True}, '""', True, "an empty text is there"),
    ({"present": True}, "null", False, "null is not"),
    ({"present": False}, "null", True, "wanted absent"),
    ({"is": "eu", "present": True}, '"eu"', True, "all conditions hold"),
    ("§ 5", '"§ 5"', True, "any text"),
    ('a "b"', '"a \\"b\\""', True, "a text with quotes"),
]


@pytest.mark.parametrize(("condition", "spelled", "holds", "shows"), CONDITIONS, ids=[row[3] for row in CONDITIONS])
def test_a_condition_holds_for_what_it_says(condition: Any, spelled: str, holds: bool, shows: str) -> None:
    assert matches(condition, spelled) is holds, shows


def tallied(rule: MeterRule, **spelled: str) -> Tally:
    faults: list[Fault] = []
    found = tally(rule, spelled, faults)
    assert not faults
    return found


def test_what_a_filter_leaves_out_needs_no_property() -> None:
    rule = MeterRule(SINCE, Aggregation.SUM, "gb", {"tier": "gold"})
    assert tallied(rule, tier='"silver"') == UNCOUNTED
    assert tallied(rule, tier='"gold"', gb="1.25") == Tally(True, 1, 250_000_000_000)


def test_a_property_counts_as_number_or_as_text_of_one() -> None:
    rule = MeterRule(SINCE, Aggregation.MAX, "gb", allow_negative=True)
    assert tallied(rule, gb='"-0.5"') == Tally(True, -1, 500_000_000_000)
    assert tallied(rule, gb="3") == Tally(True, 3, 0)


def test_distinct_values_of_any_length_stay_apart() -> None:
    """Two texts of 1,000 characters that differ in the last; a text and a number of the same digits are two values."""
    rule = MeterRule(SINCE, Aggregation.UNIQUE_COUNT, "user")
    long = [tallied(rule, user='"' + "x" * 999 + end + '"').text for end in "ab"]
    assert len({*long, tallied(rule, user='"7"').text, tallied(rule, user="7").text}) == 4
    assert all(text is not None and len(text) <= 200 for text in long)


def test_dimension_values_are_texts_in_order_of_their_names() -> None:
    said = dimension_values('{"size":1.10,"region":"eu","spot":true,"zone":null}')
    assert said == (("region", "eu"), ("size", "1.10"), ("spot", "true"), ("zone", None))
    assert dimension_values(None) == ()
