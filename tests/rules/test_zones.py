"""Zones: midnights that are missing or come twice, days of 23 and 25 hours, and a customer who moves."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from core.clock import Period, day_start, local_date, midnight, seconds, zone
from core.errors import BadInput


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


HOUR = 3600

# ── zones ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["", "Berlin", "europe/berlin", "localtime", "Factory", "../etc/x", "UTC+1", "CEST"])
def test_what_is_no_timezone_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="IANA name") as refused:
        zone(name, "customer.timezone")
    assert refused.value.faults[0].path == "customer.timezone"


def test_a_zone_is_found_by_its_name() -> None:
    assert zone("Europe/Berlin").key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("on", "name", "begins", "shows"),
    [
        ("2024-02-29", "UTC", "2024-02-29T00:00Z", "UTC"),
        ("2024-07-01", "Asia/Kathmandu", "2024-06-30T18:15Z", "an offset of 5:45"),
        ("2024-03-10", "America/New_York", "2024-03-10T05:00Z", "the clocks jump later that day"),
        ("2024-03-11", "America/New_York", "2024-03-11T04:00Z", "and the next day begins an hour earlier"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00Z", "no midnight: 00:00 became 01:00"),
        ("2024-04-26", "Africa/Cairo", "2024-04-25T22:00Z", "no midnight: 00:00 became 01:00"),
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30Z", "no midnight: 23:30 the evening before became 00:30"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00Z", "no such day: the island crossed the date line"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00Z", "the next begins at that very instant"),
        ("2023-11-05", "America/Havana", "2023-11-05T04:00Z", "two midnights: 01:00 became 00:00; the first counts"),
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00Z", "00:00 became 23:00: midnight comes once, an hour on"),
        ("2010-11-07", "America/St_Johns", "2010-11-07T02:30Z", "two midnights: 00:01 became 23:01; the first counts"),
    ],
)
def test_a_day_begins_at_local_midnight(on: str, name: str, begins: str, shows: str) -> None:
    assert midnight(day(on), name) == at(begins), shows


@pytest.mark.parametrize(
    ("instant", "name", "on"),
    [
        ("2023-12-31T23:59:59.999999Z", "UTC", "2023-12-31"),
        ("2024-01-01T00:00Z", "UTC", "2024-01-01"),
        ("2024-01-01T00:00Z", "America/New_York", "2023-12-31"),
        ("2024-01-01T00:00Z", "Pacific/Kiritimati", "2024-01-01"),
        ("2024-01-01T00:30+05:30", "UTC", "2023-12-31"),  # the instant's own offset does not matter
        ("2018-11-04T02:59:59Z", "America/Sao_Paulo", "2018-11-03"),
        ("2018-11-04T03:00Z", "America/Sao_Paulo", "2018-11-04"),
        ("2023-11-05T03:59:59Z", "America/Havana", "2023-11-04"),
        ("2023-11-05T04:30Z", "America/Havana", "2023-11-05"),  # 00:30 the first time
        ("2023-11-05T05:30Z", "America/Havana", "2023-11-05"),  # 00:30 again
        ("2010-11-07T02:29:59Z", "America/St_Johns", "2010-11-06"),
        ("2010-11-07T02:30:30Z", "America/St_Johns", "2010-11-07"),
        (
            "2010-11-07T02:45Z",
            "America/St_Johns",
            "2010-11-07",
        ),  # the wall shows 23:15 of the 6th, but the 7th has begun
        ("2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29"),
        ("2011-12-30T10:00Z", "Pacific/Apia", "2011-12-31"),
    ],
)
def test_an_instant_belongs_to_the_last_day_that_had_begun(instant: str, name: str, on: str) -> None:
    assert local_date(at(instant), name) == day(on)
    assert local_date(at(instant), [(day("2000-01-01"), name)]) == day(on)


@pytest.mark.parametrize(
    ("period", "name", "elapsed_seconds"),
    [
        ("2024-03-10/2024-03-11", "America/New_York", 23 * HOUR),
        ("2024-11-03/2024-11-04", "America/New_York", 25 * HOUR),
        ("2024-04-07/2024-04-08", "Australia/Lord_Howe", 24 * HOUR + HOUR // 2),  # clocks go back half an hour
        ("2018-11-04/2018-11-05", "America/Sao_Paulo", 23 * HOUR),
        ("2018-02-17/2018-02-18", "America/Sao_Paulo", 25 * HOUR),
        ("2023-11-05/2023-11-06", "America/Havana", 25 * HOUR),
        ("2010-11-06/2010-11-07", "America/St_Johns", 24 * HOUR),  # the repeated hour is the 7th's
        ("2010-11-07/2010-11-08", "America/St_Johns", 25 * HOUR),
        ("2011-12-30/2011-12-31", "Pacific/Apia", 0),
        ("2024-02-01/2024-03-01", "Europe/Berlin", 29 * 24 * HOUR),
        ("2024-03-01/2024-04-01", "Europe/Berlin", 31 * 24 * HOUR - HOUR),
        ("2023-11-01/2023-12-01", "UTC", 2_592_000),
    ],
)
def test_a_period_lasts_its_real_seconds(period: str, name: str, elapsed_seconds: int) -> None:
    assert seconds(Period.parse(period), name) == elapsed_seconds


# ── a customer moves ────────────────────────────────────────────────────────────────────────────────────────────────

WEST = [(day("2020-01-01"), "Europe/Berlin"), (day("2024-07-01"), "America/New_York")]
EAST = [(day("2020-01-01"), "America/New_York"), (day("2024-07-01"), "Asia/Tokyo")]
OVER_THE_DATE_LINE = [(day("2020-01-01"), "Pacific/Pago_Pago"), (day("2024-07-01"), "Pacific/Kiritimati")]


@pytest.mark.parametrize(
    ("zones", "instant", "on", "shows"),
    [
        (WEST, "2024-06-30T21:59:59Z", "2024-06-30", "23:59:59 in Berlin: the old zone"),
        (
            WEST,
            "2024-06-30T22:00Z",
            "2024-07-01",
            "Berlin's midnight; in New York 18:00 of 30 June",
        ),
        (WEST, "2024-07-01T03:59:59Z", "2024-07-01", "still 30 June in New York"),
        (WEST, "2024-07-02T03:59:59Z", "2024-07-01", "23:59:59 of 1 July in New York"),
        (WEST, "2024-07-02T04:00Z", "2024-07-02", "the first midnight of the new zone"),
        (EAST, "2024-07-01T03:59:59Z", "2024-06-30", "23:59:59 in New York, though Tokyo shows 1 July"),
        (EAST, "2024-07-01T04:00Z", "2024-07-01", "New York's midnight is 13:00 in Tokyo"),
        (EAST, "2024-07-01T15:00Z", "2024-07-02", "Tokyo's next midnight"),
        (OVER_THE_DATE_LINE, "2024-07-01T10:59:59Z", "2024-06-30", "the last second of the old zone's 30 June"),
        (
            OVER_THE_DATE_LINE,
            "2024-07-01T11:00Z",
            "2024-07-02",
            "it is 01:00 of 2 July already",
        ),
        (WEST, "1999-12-31T23:30Z", "2000-01-01", "before its first row the earliest zone holds"),
        (WEST[::-1], "2024-06-30T22:00Z", "2024-07-01", "the rows' order does not matter"),
        (
            [*WEST, (day("2024-07-01"), "Asia/Tokyo")],
            "2024-07-01T15:00Z",
            "2024-07-02",
            "of two changes on one day the last given holds for the whole day",
        ),
    ],
)
def test_a_new_zone_begins_at_the_old_zones_midnight(
    zones: list[tuple[date, str]], instant: str, on: str, shows: str
) -> None:
    assert local_date(at(instant), zones) == day(on), shows


@pytest.mark.parametrize(
    ("zones", "on", "begins", "hours"),
    [
        (WEST, "2024-06-30", "2024-06-29T22:00Z", 24),
        (WEST, "2024-07-01", "2024-06-30T22:00Z", 30),  # 22:00Z to 04:00Z of 2 July
        (WEST, "2024-07-02", "2024-07-02T04:00Z", 24),
        (EAST, "2024-07-01", "2024-07-01T04:00Z", 11),  # 04:00Z to 15:00Z
        (OVER_THE_DATE_LINE, "2024-07-01", "2024-07-01T11:00Z", 0),
        (OVER_THE_DATE_LINE, "2024-07-02", "2024-07-01T11:00Z", 23),  # Kiritimati's 3 July begins at 10:00Z of the 2nd
    ],
)
def test_the_day_of_a_move_lasts_from_the_old_midnight_to_the_new(
    zones: list[tuple[date, str]], on: str, begins: str, hours: int
) -> None:
    assert day_start(day(on), zones) == at(begins)
    assert seconds(Period(day(on), day(on) + timedelta(days=1)), zones) == hours * HOUR


def test_an_instant_without_a_zone_and_a_customer_without_one_are_our_own_mistakes() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        local_date(datetime(2024, 1, 1), "UTC")  # noqa: DTZ001
    with pytest.raises(ValueError, match="at least one timezone"):
        local_date(at("2024-01-01T00:00Z"), [])


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_an_instant_at_the_ends_of_the_calendar_is_refused(instant: datetime) -> None:
    with pytest.raises(BadInput, match="outside the calendar"):
        local_date(instant, "Pacific/Kiritimati")


# ── T3: the server's timezone changes nothing ───────────────────────────────────────────────────────────────────────

T3_SCRIPT = """
import sys, time
time.tzset()
print(time.tzname, file=sys.stderr)
from datetime import UTC, date, datetime, timedelta
from core.clock import Period, local_date, midnight, seconds, zone
zones = [(date(2020, 1, 1), "Europe/Berlin"), (date(2024, 7, 1), "America/New_York")]
instant = datetime(2024, 6, 30, 12, tzinfo=UTC)
print([str(local_date(instant + timedelta(hours=n), zones)) for n in range(48)])
for name in ("America/Havana", "Africa/Cairo", "Pacific/Apia"):
    print(name, [str(midnight(date(2023, 1, 1) + timedelta(days=n), name)) for n in range(366)])
print(seconds(Period(date(2024, 3, 1), date(2024, 4, 1)), "America/New_York"))
try:
    print(zone("localtime"))
except Exception as refusal:
    print(refusal)
"""


def test_the_servers_timezone_and_zone_files_change_nothing(tmp_path: Path) -> None:
    # a server whose zone files are wrong: its New York is Tokyo
    (tmp_path / "America").mkdir()
    tokyo = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "America" / "New_York").write_bytes(tokyo)
    printed, local_names = set(), set()
    servers = [("UTC", ""), ("Pacific/Kiritimati", str(tmp_path)), ("America/St_Johns", "/usr/share/zoneinfo")]
    for server_zone, tz_path in servers:
        env = {**os.environ, "TZ": server_zone, "PYTHONTZPATH": tz_path}
        ran = subprocess.run([sys.executable, "-c", T3_SCRIPT], env=env, capture_output=True, text=True, check=True)
        printed.add(ran.stdout)
        local_names.add(ran.stderr)
    assert len(printed) == 1
    assert len(local_names) == 3  # the servers really stood in three zones
