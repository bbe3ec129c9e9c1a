"""What is an event and what is not: every field, every fault, and content in one spelling."""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import local_date
from core.errors import Fault
from core.metering.judge import Judge, dimensions
from core.metering.model import Directory, Event, KnownCustomer, KnownMeter, MeterRule, Num
from core.metering.rules import instant, properties, quantity
from core.words import Aggregation

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DAY_ONE = date(2023, 1, 1)
BERLIN = ((DAY_ONE, "Europe/Berlin"),)
MOVED = ((DAY_ONE, "Europe/Berlin"), (date(2024, 2, 10), "America/New_York"))
KNOWN = Directory(
    {
        "acme": (KnownCustomer(DAY_ONE, 1, BERLIN),),
        "mover": (KnownCustomer(DAY_ONE, 2, MOVED),),
        "shared": (KnownCustomer(date(2024, 2, 1), 2, BERLIN), KnownCustomer(date(2024, 1, 1), 1, BERLIN)),
    },
    {
        "calls": KnownMeter(10, "calls", (MeterRule(DAY_ONE, Aggregation.COUNT),)),
        "net": KnownMeter(11, "net", (MeterRule(DAY_ONE, Aggregation.SUM, allow_negative=True),)),
        "peak": KnownMeter(12, "peak", (MeterRule(DAY_ONE, Aggregation.MAX),)),
        "later": KnownMeter(
            13,
            "later",
            (MeterRule(date(2024, 2, 1), Aggregation.SUM), MeterRule(date(2024, 1, 15), Aggregation.LATEST)),
        ),
        "regional": KnownMeter(14, "regional", (MeterRule(DAY_ONE, Aggregation.SUM, dimensions=("region",)),)),
        "sifted": KnownMeter(15, "sifted", (MeterRule(DAY_ONE, Aggregation.SUM, filter={"tier": "gold"}, cost="usd"),)),
        "volume": KnownMeter(16, "volume", (MeterRule(DAY_ONE, Aggregation.SUM, "gb"),)),
        "users": KnownMeter(17, "users", (MeterRule(DAY_ONE, Aggregation.UNIQUE_COUNT, "user"),)),
        "disk": KnownMeter(18, "disk", (MeterRule(DAY_ONE, Aggregation.TIME_WEIGHTED, changes=True),)),
    },
)


def judge(zone: str | None = None, **fields: Any) -> Event | tuple[Fault, ...]:
    sent = {"event_id": "e", "customer": "acme", "meter": "calls", "occurred_at": "2024-02-01T12:00:00Z", **fields}
    return Judge(KNOWN, "test", zone, NOW).judge({name: value for name, value in sent.items() if value is not ...})


def accepted(**fields: Any) -> Event:
    event = judge(**fields)
    assert isinstance(event, Event), event
    return event


REFUSED: list[tuple[dict[str, Any], list[str], str]] = [
    ({"event_id": ...}, ["event_id_missing"], "no id"),
    ({"event_id": "x" * 201}, ["too_large"], "an id of 201 characters"),
    ({"event_id": "a\x00b"}, ["not_printable"], "a NUL"),
    ({"event_id": "a\ud800"}, ["not_printable"], "half of a surrogate pair"),
    ({"event_id": " a"}, ["not_printable"], "a space at an end"),
    ({"event_id": Num("1.5")}, ["wrong_type"], "a number with a point is no id"),
    ({"event_id": ["a"]}, ["wrong_type"], "a list is no id"),
    ({"customer": "nobody"}, ["unknown_customer"], "nobody's key"),
    ({"customer": "shared", "occurred_at": "2023-12-31T12:00:00Z"}, ["customer_not_yet"], "before its first day"),
    ({"meter": "nothing"}, ["unknown_meter"], "no such meter"),
    ({"meter": "volume"}, ["property_missing"], "a meter of a property, and the event has none"),
    ({"meter": "volume", "properties": {"gb": None}}, ["property_missing"], "the property is null"),
    ({"meter": "volume", "properties": {"gb": "much"}}, ["property_not_a_number"], "the property is a word"),
    (
        {"meter": "volume", "properties": {"gb": Num("0.0000000000001")}},
        ["too_many_decimals"],
        "13 digits of a property",
    ),
    ({"meter": "volume", "properties": {"gb": True}}, ["property_not_a_number"], "the property is true"),
    ({"meter": "volume", "properties": {"gb": Num("-2")}}, ["negative"], "a negative property"),
    ({"meter": "volume", "properties": {"gb": Num("1" + "0" * 15)}}, ["too_large"], "a property of 16 digits"),
    ({"meter": "users"}, ["property_missing"], "a distinct count of nothing"),
    ({"meter": "sifted", "properties": {"tier": "gold"}}, ["property_missing"], "what counts needs its cost"),
    ({"meter": "later", "occurred_at": "2024-01-14T12:00:00Z"}, ["meter_not_yet"], "before the meter's first day"),
    ({"quantity": Num("NaN")}, ["not_finite"], "NaN"),
    ({"quantity": Num("Infinity")}, ["not_finite"], "infinity"),
    ({"quantity": Num("1e400")}, ["too_large"], "1e400 is no double, but a number: too large"),
    ({"quantity": Num("-1")}, ["negative"], "negative where the meter forbids it"),
    ({"quantity": Num("0.0000000000001")}, ["too_many_decimals"], "13 fractional digits"),
    ({"quantity": Num("1" + "0" * 15)}, ["too_large"], "16 digits before the point"),
    ({"quantity": "1,5"}, ["separator"], "a decimal comma"),
    ({"quantity": "ten"}, ["not_a_number"], "a word"),
    ({"quantity": True}, ["wrong_type"], "true is no number"),
    ({"quantity": ["1"]}, ["wrong_type"], "a list is no number"),
    ({"occurred_at": ...}, ["occurred_at_missing"], "no date"),
    ({"occurred_at": "2024-02-01T12:00:00"}, ["no_zone"], "no zone, and none declared"),
    ({"occurred_at": "2024-02-31T12:00:00Z"}, ["no_such_date"], "31 February"),
    ({"occurred_at": "2023-02-29T12:00:00Z"}, ["no_such_date"], "29 February of a common year"),
    ({"occurred_at": "2024-02-01T24:00:00Z"}, ["no_such_date"], "24 o'clock"),
    ({"occurred_at": "2024-02-01T12:00:00+25:00"}, ["no_such_offset"], "an offset that no place has"),
    ({"occurred_at": "2024-02-01"}, ["no_time"], "a day without a time"),
    ({"occurred_at": "1706788800"}, ["not_an_instant"], "seconds of an epoch"),
    ({"occurred_at": Num("1706788800")}, ["not_an_instant"], "the same as a number"),
    ({"occurred_at": "1900-01-01T00:00:00Z"}, ["instant_out_of_range"], "1900"),
    ({"occurred_at": "3000-01-01T00:00:00Z"}, ["instant_out_of_range"], "3000"),
    ({"occurred_at": "2024-03-05T13:00:01Z"}, ["in_the_future"], "an hour and a second ahead"),
    ({"occurred_at": "2023-01-30T11:59:59Z"}, ["too_old"], "400 days and a second old"),
    ({"occurred_at": "2024-03-31T02:30:00", "zone": "Europe/Berlin"}, ["no_such_date"], "skipped by the clocks"),
    ({"properties": []}, ["wrong_type"], "properties as a list"),
    ({"properties": {"a": {"b": "c"}}}, ["not_flat"], "nested properties"),
    ({"properties": {"a": "\ud800"}}, ["not_text"], "a lone surrogate"),
    ({"properties": {"a": "x\x00"}}, ["not_text"], "a NUL"),
    ({"properties": {"a": "x" * 1001}}, ["too_large"], "a huge property"),
    ({"properties": {f"p{n}": "x" for n in range(65)}}, ["too_large"], "65 properties"),
    ({"properties": {"": "x"}}, ["property_name"], "a property without a name"),
    ({"properties": {"a": Num("1e400")}}, ["too_large"], "a property that is no number to keep"),
    ({"customer_id": "acme"}, ["unknown_field"], "a field that no event has"),
    (
        {"event_id": "", "customer": "nobody", "meter": "nothing", "quantity": "x", "occurred_at": "yesterday"},
        ["event_id_missing", "not_a_number", "not_an_instant", "unknown_customer", "unknown_meter"],
        "all faults at once",
    ),
]


@pytest.mark.parametrize(("fields", "codes", "shows"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_is_no_event_gets_every_fault_as_a_sentence(fields: dict[str, Any], codes: list[str], shows: str) -> None:
    faults = judge(**fields)
    assert not isinstance(faults, Event), shows
    assert [fault.code for fault in faults] == codes, shows
    for fault in faults:
        assert fault.path
        assert fault.sentence.endswith((".", ". The event is kept here until then."))
        assert fault.sentence.encode()  # no lone surrogate gets into a sentence


INSTANTS = [
    ("2024-02-01T12:00:00Z", None, "2024-02-01 12:00:00.000000", "UTC by Z"),
    ("2024-02-01 12:00z", None, "2024-02-01 12:00:00.000000", "a space, no seconds, a small z"),
    ("2024-02-01T12:00:00.5+05:30", None, "2024-02-01 06:30:00.500000", "an offset"),
    ("2024-02-01T00:30:00-0800", None, "2024-02-01 08:30:00.000000", "an offset without colon"),
    ("2023-11-16 18:17:03.9799600", "UTC", "2023-11-16 18:17:03.979960", "seven digits, the zone declared"),
    ("2023-12-31T23:59:59.9999999Z", None, "2023-12-31 23:59:59.999999", "cut, not rounded into next year"),
    ("2024-07-01T12:00:00", "Europe/Berlin", "2024-07-01 10:00:00.000000", "summer time of the declared zone"),
    ("2023-10-29T02:30:00", "Europe/Berlin", "2023-10-29 00:30:00.000000", "twice on the wall: the first"),
    ("2024-02-01T12:00:00Z", "Asia/Tokyo", "2024-02-01 12:00:00.000000", "its own zone before the declared one"),
]


@pytest.mark.parametrize(("text", "zone", "expected", "shows"), INSTANTS, ids=[row[3] for row in INSTANTS])
def test_an_instant_has_one_spelling_in_utc(text: str, zone: str | None, expected: str, shows: str) -> None:
    faults: list[Fault] = []
    assert instant(text, zone, faults) == expected, shows
    assert not faults


QUANTITIES = [
    (None, (1, 0, "1"), "absent is one"),
    (Num("5"), (5, 0, "5"), "a whole number"),
    ("5.0", (5, 0, "5"), "text, one spelling per value"),
    (Num("1.5e1"), (15, 0, "15"), "an exponent"),
    (Num("0.1"), (0, 100_000_000_000, "0.1"), "a tenth, exactly"),
    (Num("-0.25"), (-1, 750_000_000_000, "-0.25"), "below zero: units are the floor"),
    (Num("0.000000000001"), (0, 1, "0.000000000001"), "a byte for a microsecond in MB·s"),
    (Num("-0"), (0, 0, "0"), "no negative zero"),
    (Num("0"), (0, 0, "0"), "nothing is a quantity too"),
]


@pytest.mark.parametrize(("value", "expected", "shows"), QUANTITIES, ids=[row[2] for row in QUANTITIES])
def test_a_quantity_is_exact_and_spelled_once(value: Any, expected: tuple[int, int, str], shows: str) -> None:
    faults: list[Fault] = []
    assert quantity(value, faults) == expected, shows
    assert not faults


def test_the_content_hash_can_be_redone_by_a_stranger() -> None:
    event = accepted(quantity="2.50", properties={"b": Num("1.0"), "a": "ü"}, occurred_at="2024-02-01T13:00:00+01:00")
    said = ["calls", "2.5", "2024-02-01T12:00:00.000000Z", {"a": "ü", "b": 1}]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert event.content_hash == hashlib.sha256(canonical).hexdigest()
    assert event.properties == '{"a":"ü","b":1}'


def test_spelling_source_and_arrival_are_not_content_but_meter_and_properties_are() -> None:
    plain = accepted()
    same = accepted(quantity="1.000", occurred_at="2024-02-01T13:00:00.000+01:00", source="other", properties={})
    assert same.content_hash == plain.content_hash
    others = [
        accepted(meter="net"),
        accepted(quantity="2"),
        accepted(occurred_at="2024-02-01T12:00:00.000001Z"),
        accepted(properties={"a": "1"}),
        accepted(properties={"a": Num("1")}),
    ]
    assert len({event.content_hash for event in [plain, *others]}) == 6


def test_the_day_is_that_of_the_customers_zone_at_the_events_own_instant() -> None:
    assert accepted(occurred_at="2024-01-31T22:59:59Z").local_date == "2024-01-31"  # 23:59:59 in Berlin
    assert accepted(occurred_at="2024-01-31T23:00:00Z").local_date == "2024-02-01"  # its midnight
    # "mover" leaves Berlin at the instant of Berlin's midnight that starts 10 February, 23:00 UTC on the 9th
    assert accepted(customer="mover", occurred_at="2024-02-09T22:59:59Z").local_date == "2024-02-09"
    assert (
        accepted(customer="mover", occurred_at="2024-02-09T23:00:00Z").local_date == "2024-02-10"
    )  # 18:00 in New York
    assert accepted(customer="mover", occurred_at="2024-02-11T04:59:59Z").local_date == "2024-02-10"
    assert accepted(customer="mover", occurred_at="2024-02-11T05:00:00Z").local_date == "2024-02-11"


def test_an_alias_means_whom_it_meant_on_the_events_day() -> None:
    assert accepted(customer="shared", occurred_at="2024-01-31T22:59:59Z").customer_id == 1
    assert accepted(customer="shared", occurred_at="2024-01-31T23:00:00Z").customer_id == 2


def test_dimension_values_make_the_cell_and_an_absent_one_is_null() -> None:
    event = accepted(meter="regional", properties={"region": "eu", "other": "x"})
    assert (event.dims, event.dims_hash) == dimensions(("region",), {"region": '"eu"'})
    assert accepted(meter="regional").dims == '{"region":null}'
    assert (accepted().dims, accepted().dims_hash) == ("{}", "")


@given(st.datetimes(datetime(2023, 2, 1), datetime(2024, 3, 4)), st.sampled_from(["acme", "mover"]))  # noqa: DTZ001
def test_the_looked_up_day_is_the_calendars_own(at: datetime, customer: str) -> None:
    event = accepted(customer=customer, occurred_at=f"{at.isoformat()}Z")
    zones = BERLIN if customer == "acme" else MOVED
    assert event.local_date == local_date(at.replace(tzinfo=UTC), zones).isoformat()


MAYBE = {
    "event_id": st.sampled_from(["e", " e", "x" * 201, "\ud800"]),
    "customer": st.sampled_from(["acme", "mover", "shared", "nobody"]),
    "meter": st.sampled_from(["calls", "net", "later", "regional", "peak"]),
    "quantity": st.sampled_from([None, Num("1"), Num("-1"), "2.50", Num("1e3"), "x"]),
    "occurred_at": st.datetimes(datetime(2022, 12, 1), datetime(2024, 4, 1)).map(lambda at: f"{at.isoformat()}Z")  # noqa: DTZ001
    | st.sampled_from(
        ["2024-02-30T00:00:00Z", "2024-02-01T10:00:00", "0000-00-00T00:00:00Z", "2024-02-01 10:00:00.1234567Z"]
    ),
    "properties": st.sampled_from([None, {}, {"region": "eu"}, {"a": Num("1.50")}, {"a": []}]),
    "source": st.sampled_from(["", "s", " s"]),
}


@given(st.fixed_dictionaries({}, optional=MAYBE))
def test_the_short_way_and_the_careful_way_give_the_same_verdict(sent: dict[str, Any]) -> None:
    judge_of_all = Judge(KNOWN, "test", None, NOW)
    assert judge_of_all.judge(sent) == judge_of_all.careful(sent)


anything = st.recursive(
    st.none() | st.booleans() | st.text() | st.builds(Num, st.text(alphabet="0123456789.eE+-NaIinfty", max_size=30)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["event_id", "customer", "meter", "quantity", "occurred_at", "properties", "source"])
        | st.text(),
        anything,
    )
)
def test_whatever_is_sent_is_an_event_or_has_faults_that_can_be_kept(sent: dict[str, Any]) -> None:
    judge_of_all = Judge(KNOWN, "test", None, NOW)
    verdict = judge_of_all.judge(sent)
    assert verdict == judge_of_all.careful(sent)
    if isinstance(verdict, Event):
        json.loads(verdict.properties)
        assert "\t" not in "".join(str(part) for part in verdict)
    else:
        assert verdict
        for fault in verdict:
            assert "\x00" not in fault.sentence + fault.path
            assert (fault.sentence + fault.path).encode()


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5), st.text(max_size=5) | st.integers().map(lambda n: Num(str(n % 10**9)))
    )
)
def test_canonical_properties_are_json_in_one_order(given_properties: dict[str, Any]) -> None:
    faults: list[Fault] = []
    _, text = properties(given_properties, faults)
    _, backwards = properties(dict(reversed(given_properties.items())), [])
    assert text == backwards
    assert isinstance(json.loads(text), dict)
