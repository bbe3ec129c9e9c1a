"""What the demo business promises: customers, currencies, models, what went wrong in it, and that all of it is true."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core import catalog, db, migration
from core.demo import BUSINESS_DATE
from tests.books import Books
from tests.support import databases
from tests.support.hold import hold


def rows(demo: Engine, question: str) -> list[Any]:
    with db.reading(demo) as session:
        return list(session.execute(text(question)))


def test_every_invariant_holds_on_the_demo(demo: Engine) -> None:
    hold(demo)


def test_a_strangers_books_tie_on_the_demos_export(exported: Path) -> None:
    assert Books(exported).differences() == []


@pytest.mark.deep
@pytest.mark.postgresql
def test_the_demo_exports_to_the_same_bytes_from_both_databases(tmp_path: Path) -> None:
    folders = []
    for kind in databases.KINDS:
        engine = db.make_engine(databases.demo(kind))
        folders.append(databases.exported(engine, tmp_path / kind))
        engine.dispose()
    one, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one.keys() == other.keys()
    assert [name for name in sorted(one) if one[name] != other[name]] == []


def test_the_demo_has_two_sellers_some_forty_customers_and_thirteen_months(demo: Engine) -> None:
    assert {tuple(row) for row in rows(demo, "SELECT code, functional_currency FROM seller")} == {
        ("US", "USD"),
        ("EU", "EUR"),
    }
    assert 38 <= rows(demo, "SELECT count(*) FROM customer")[0][0] <= 42
    currencies = {row[0] for row in rows(demo, "SELECT DISTINCT currency FROM document")}
    assert currencies >= {"USD", "EUR", "GBP", "JPY", "KWD"}  # exponents 0, 2 and 3 among them
    assert rows(demo, "SELECT count(DISTINCT country) FROM customer_version")[0][0] >= 10
    assert rows(demo, "SELECT count(DISTINCT timezone) FROM customer_timezone")[0][0] >= 10
    months = {str(row[0])[:7] for row in rows(demo, "SELECT DISTINCT bill_on FROM document WHERE origin = 'own'")}
    wanted = {f"{year}-{month:02}" for year, month in [(2023, m) for m in range(2, 13)] + [(2024, 1), (2024, 2)]}
    assert months >= wanted
    assert str(BUSINESS_DATE) == "2024-03-05"


def test_the_demo_bills_by_seat_by_call_by_storage_in_tiers_by_token_and_by_the_year(demo: Engine) -> None:
    prices = {
        (p["kind"], p["model"], p["cadence"]["unit"], str(p.get("unit") or p.get("amount") or ""))
        for p in (json.loads(row[0]) for row in rows(demo, PRICES_IN_USD))
    }
    assert prices >= {
        ("recurring", "per_unit", "month", "29"),
        ("usage", "per_unit", "month", "0.001"),
        ("recurring", "flat", "month", "99"),
        ("usage", "graduated", "month", ""),
        ("usage", "per_unit", "month", "3"),
        ("usage", "per_unit", "month", "15"),
        ("recurring", "per_unit", "year", "300"),
    }


PRICES_IN_USD = (
    "SELECT DISTINCT CAST(p.value AS TEXT) FROM document_line l "
    "JOIN price p ON p.id = l.price_id WHERE p.currency = 'USD'"
)


def test_the_customer_of_the_trace_is_billed_57_87_for_november_2023(demo: Engine) -> None:
    # 18,059,974 × 3 ÷ 1,000,000 = 54.18; 245,896 × 15 ÷ 1,000,000 = 3.69
    found = rows(
        demo,
        "SELECT l.amount_minor, d.net_minor, d.tax_minor, d.status FROM document_line l JOIN document d ON d.id = l.document_id "
        "JOIN customer c ON c.id = l.customer_id WHERE c.key = 'orbit' AND l.service_start = '2023-11-01' ORDER BY l.line_no",
    )
    assert [tuple(row) for row in found] == [(5418, 5787, 0, "issued"), (369, 5787, 0, "issued")]


def test_every_kind_of_trouble_that_the_seed_promises_is_found(demo: Engine) -> None:
    found = {
        (row.check_code, json.loads(row.left)["party"], row.state): row.drift_minor
        for row in rows(demo, 'SELECT check_code, CAST("left" AS TEXT) AS "left", state, drift_minor FROM finding')
    }
    assert found["partial_payment", "Boreal Timber AB", "open"] == 4000  # short: 40.00 SEK
    assert found["overpayment", "Brightwater Logistics", "open"] == 2500  # over: 25.00 USD
    assert found["duplicate_payment", "Harrow Instruments", "open"] > 0  # twice
    assert found["unknown_payment", "Tulip Data BV", "open"] > 0  # nameless
    assert found["missing_payment", "Rook Security Inc.", "open"] > 0  # missing
    assert found["missing_payment", "Cobalt Health Inc.", "closed"] > 0  # late: it was missed until it came
    assert found["unknown_payment", "PNRS STUDIO BROOKLYN", "open"] == 14990  # the stranger


def test_late_usage_of_the_demo_is_billed_at_its_own_month_and_only_where_the_seed_says_so(demo: Engine) -> None:
    late = rows(
        demo,
        "SELECT DISTINCT c.key, l.service_start FROM document_line l JOIN customer c ON c.id = l.customer_id "
        "JOIN document d ON d.id = l.document_id WHERE l.kind = 'late' AND d.status <> 'discarded'",
    )
    # quill's collector was offline in late October; delta's buffer held 30 and 31 January (1 February was not billed yet)
    assert {(key, str(start)[:10]) for key, start in late} == {("quill", "2023-10-01"), ("delta", "2024-01-01")}


def test_the_demo_has_rejections_a_conflict_and_a_refused_file(demo: Engine) -> None:
    codes = Counter(
        fault["code"]
        for row in rows(demo, "SELECT CAST(faults AS TEXT) FROM usage_rejection WHERE state = 'open'")
        for fault in json.loads(row[0])
    )
    assert len(codes) >= 5, codes  # an unknown customer, an unknown meter, NaN, a day that is none, no zone, …
    assert rows(demo, "SELECT count(*) FROM usage_conflict")[0][0] == 1
    [refused] = rows(demo, "SELECT CAST(detail AS TEXT) FROM ingest_batch WHERE state = 'refused'")
    detail = json.loads(refused[0])
    assert detail["name"] == "half.csv"
    assert "repeats line 2" in detail["faults"][0]["sentence"]


def test_the_demo_has_what_a_desk_has_to_do(demo: Engine) -> None:
    states = {(row[0], row[1]) for row in rows(demo, "SELECT status, origin FROM document")}
    assert states >= {("draft", "own"), ("in_review", "own"), ("approved", "own"), ("issued", "own")}
    assert ("issued", "migrated") in states
    # February is left to whoever sits down at the desk; everything before is locked
    periods = dict(
        rows(demo, "SELECT state, max(starts_on) FROM accounting_period WHERE starts_on <= '2024-02-01' GROUP BY state")
    )
    assert {state: str(start)[:10] for state, start in periods.items()} == {
        "locked": "2024-01-01",
        "open": "2024-02-01",
    }


def test_the_example_of_a_migration_comes_into_the_demo_as_its_page_says(demo: Engine) -> None:
    page = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
    [told] = re.findall(r"migrate-in (\S+) --seller (\w+) --system (\w+) --opening-on (\S+) --dry-run", page)
    folder, code, system, day = told
    files = {path.stem: path.read_bytes() for path in (Path(__file__).parents[2] / folder).glob("*.csv")}
    with db.reading(demo) as session:
        [seller] = [one for one in catalog.sellers(session) if one.code == code]
        now = datetime.combine(BUSINESS_DATE, time(12), UTC)
        found = migration.dry_run(
            session, now, seller_id=seller.id, system=system, opening_on=date.fromisoformat(day), files=files
        )
    assert (found.faults, found.notes, found.new) == ((), (), 14)  # 2 of each of 5 files, 3 credits, 1 balance to post
