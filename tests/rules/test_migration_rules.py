"""What a dry run finds wrong with files: every fault at once, with file, line, column, code and a sentence. No database."""

from datetime import date
from pathlib import Path

import pytest

from core.catalog.views import MeterView
from core.errors import BadInput
from core.migration import FILES, KINDS, columns_of, guessed, kind_of_file, mapper_from_json, mapper_to_json, read_file
from core.migration.model import DryRun, FileRule, Known, Mapper, Take
from core.migration.rules import judge
from core.words import Aggregation

EXAMPLE = Path(__file__).parents[2] / "data" / "migration" / "example"
GIVEN = {path.stem: path.read_text() for path in sorted(EXAMPLE.glob("*.csv"))}
CALLS = MeterView(1, 1, "api.calls", 1, date(2023, 1, 1), "Calls", Aggregation.COUNT, "call", "", {}, (), False, 30, 60)
KNOWN = Known(
    seller_id=1,
    timezone="America/New_York",
    country="US",
    functional_currency="USD",
    system="oldbill",
    opening_on=date(2024, 3, 1),
    today=date(2024, 3, 5),
    meters={"api.calls": (CALLS,)},
)


def run(mapper: Mapper = Mapper(), **files: str | bytes) -> DryRun:
    """The example, with other files in the place of some."""
    given = {kind: (text if isinstance(text, bytes) else text.encode()) for kind, text in {**GIVEN, **files}.items()}
    reads = {kind: read_file(kind, given[kind], mapper.rule(kind)) for kind in KINDS if given.get(kind)}
    return judge(KNOWN, reads, mapper)


def faults(found: DryRun) -> list[tuple[str, int, str, str]]:
    return [(one.file, one.line, one.column, one.code) for one in found.faults]


def test_the_example_has_no_fault_with_or_without_a_byte_order_mark() -> None:
    assert faults(run()) == []
    assert faults(run(accounts=b"\xef\xbb\xbf" + GIVEN["accounts"].encode())) == []


# file, what is replaced in it, by what, and what the row shows
ONE_FAULT = (
    ("accounts", "cus_2,", "cus_1,", ("accounts", 3, "id", "id_twice"), "an id stands once"),
    (
        "accounts",
        "98101,Seattle,ap@northwind",
        "98101,Seattle,ap northwind",
        ("accounts", 2, "email", "not_an_email"),
        "",
    ),
    ("accounts", "Northwind Traders,US", ",US", ("accounts", 2, "name", "field_missing"), "an account has a name"),
    ("accounts", "Northwind Traders,US", "Northwind Traders,UX", ("accounts", 2, "country", "unknown_country"), ""),
    ("accounts", "30,2022-06-01", "soon,2022-06-01", ("accounts", 2, "terms_days", "not_a_number"), ""),
    ("accounts", "30,2022-06-01", "30,2022-02-30", ("accounts", 2, "since", "not_a_date"), "a day that does not exist"),
    ("accounts", "12 Harbor Street,98101", "98101", ("accounts", 2, "", "cells"), "a cell is missing"),
    ("customers", "usr_2,cus_2", "usr_2,cus_9", ("customers", 3, "account", "no_such_account"), "refers to nothing"),
    (
        "customers",
        "contoso,Contoso",
        "northwind-traders,Contoso",
        ("customers", 3, "key", "key_taken"),
        "two customers, one key",
    ),
    ("plans", "base,USD", "base,USX", ("plans", 2, "currency", "unknown_currency"), "a currency that does not exist"),
    ("plans", "1200.00", "-5", ("plans", 2, "value", "negative"), "a price below zero"),
    ("plans", "api.calls", "api.sms", ("plans", 4, "value", "no_such_meter"), "a meter that is not here"),
    ("plans", '""unit"": ""0.01""', '""unit"": 0.01', ("plans", 4, "value", "json"), "a figure that is no text"),
    ("subscriptions", "usr_2,team", "usr_9,team", ("subscriptions", 3, "customer", "no_such_customer"), ""),
    ("subscriptions", "pro-yearly,USD", "gold,USD", ("subscriptions", 2, "plan", "no_such_plan"), ""),
    ("subscriptions", "pro-yearly,USD", "pro-yearly,EUR", ("subscriptions", 2, "currency", "other_currency"), ""),
    (
        "subscriptions",
        "2024-06-01",
        "2022-05-01",
        ("subscriptions", 2, "billed_until", "before_start"),
        "start after billed",
    ),
    (
        "subscriptions",
        "2024-06-01",
        "2024-02-01",
        ("subscriptions", 2, "billed_until", "gap"),
        "days nobody would bill",
    ),
    ("subscriptions", "2024-02-15,8", "2024-03-20,8", ("subscriptions", 3, "usage_from", "gap"), ""),
    (
        "subscriptions",
        "2024-02-15,8",
        "2024-02-15,",
        ("subscriptions", 3, "quantities", "field_missing"),
        "seats are told",
    ),
    ("subscriptions", "2024-02-15,8", "2024-02-15,x=8", ("subscriptions", 3, "quantities", "no_such_price"), ""),
    (
        "invoices",
        "400.00,150.00",
        "140.00,150.00",
        ("invoices", 2, "open", "open_above_total"),
        "more open than in all",
    ),
    ("invoices", "2024-02-20", "2024-01-20", ("invoices", 2, "due_on", "due_before_date"), ""),
    ("invoices", "2024-01-21,2024-02-20", "2024-03-04,2024-04-20", ("invoices", 2, "date", "after_opening"), ""),
    ("invoices", "400.00,150.00", "400.00,150.005", ("invoices", 2, "open", "too_fine"), "half a cent"),
    ("invoices", "400.00,150.00", "400.00,0", ("invoices", 2, "open", "nothing_open"), ""),
    (
        "credits",
        "50.00,2025-01-01",
        "-50.00,2025-01-01",
        ("credits", 2, "amount", "out_of_range"),
        "a credit below zero",
    ),
    (
        "credits",
        "50.00,2025-01-01",
        "50.00,2024-03-01",
        ("credits", 2, "expires_on", "expired"),
        "it pays nothing any more",
    ),
    ("credits", "granted", "gifted", ("credits", 2, "kind", "unknown_word"), ""),
    ("balances", "334.20", "334.21", ("balances", 3, "account", "does_not_tie"), "a control total"),
    ("balances", "cash,", "tax_payable,", ("balances", 2, "account", "not_opened"), ""),
    ("balances", "5000.00,", "5000.00,1", ("balances", 2, "debit", "one_side"), ""),
)


@pytest.mark.parametrize(("file", "old", "new", "fault", "shows"), ONE_FAULT, ids=lambda value: str(value)[:40])
def test_one_thing_wrong_is_one_fault_at_its_place(
    file: str, old: str, new: str, fault: tuple[str, int, str, str], shows: str
) -> None:
    assert old in GIVEN[file]
    found = faults(run(**{file: GIVEN[file].replace(old, new, 1)}))
    assert found[0] == fault, shows
    assert len(found) == 1 or fault[3] in ("id_twice", "cells", "no_such_account", "gap"), found  # others rest on these


def test_a_contract_belongs_to_one_account_and_a_credits_code_is_said_once() -> None:
    header, first, second = GIVEN["subscriptions"].splitlines()
    found = run(subscriptions=f"{header},contract\n{first},C-1\n{second},C-1\n")
    assert faults(found) == [("subscriptions", 3, "contract", "other_account")]
    header, first, _, third = GIVEN["credits"].splitlines()
    found = run(credits=f"{header},code\n{first},K\n{third},K\n", balances="")
    assert faults(found) == [("credits", 3, "code", "code_taken")]


def test_all_faults_of_all_files_are_told_together() -> None:
    found = run(
        accounts=GIVEN["accounts"].replace(",US,", ",UX,"),
        invoices=GIVEN["invoices"].replace("cus_2", "cus_7").replace("2024-02-20", "June"),
        credits=GIVEN["credits"].replace("USD,100.00", "XXQ,100.00"),
    )
    assert faults(found) == [
        ("accounts", 2, "country", "unknown_country"),
        ("accounts", 3, "country", "unknown_country"),
        ("invoices", 2, "due_on", "not_a_date"),
        ("invoices", 3, "account", "no_such_account"),
        ("credits", 3, "currency", "unknown_currency"),
    ]


def test_a_file_that_cannot_be_read_says_why() -> None:
    latin = GIVEN["accounts"].replace("Seattle", "Zürich").encode("cp1252")
    assert faults(run(accounts=latin))[0] == ("accounts", 2, "", "encoding")
    assert faults(run(Mapper({"accounts": FileRule(encoding="windows-1252")}), accounts=latin)) == []
    assert faults(run(balances="\n"))[0] == ("balances", 0, "", "empty")
    assert faults(run(balances="konto,currency\n"))[0] == ("balances", 1, "account", "column_missing")
    assert faults(run(balances="account,currency,debit,debit\n"))[0] == ("balances", 1, "debit", "column_twice")
    assert faults(run(balances="a\0b"))[0] == ("balances", 0, "", "encoding")


def test_a_mapper_reads_the_columns_words_dates_and_amounts_of_another_system() -> None:
    rule = {
        "delimiter": ";",
        "dates": "dmy",
        "decimal_comma": True,
        "skip": {"Status": ["paid"]},
        "fields": {
            "number": {"column": "Invoice No"},
            "account": {"column": "Customer"},
            "date": {"column": "Created"},
            "due_on": {"column": "Due"},
            "currency": {"value": "USD"},
            "open": {"column": "Rest"},
            "description": {"column": "Kind", "words": {"W": "Workshop", "*": "Other"}, "default": "None told"},
        },
    }
    mapper = mapper_from_json({"invoices": rule})
    assert mapper_to_json(mapper_from_json(mapper_to_json(mapper))) == mapper_to_json(mapper)
    text = (
        "Invoice No;Customer;Created;Due;Rest;Status;Kind\n"
        "A-1;cus_1;21.01.2024;20.02.2024;1.150,25;open;W\n"
        "A-2;cus_1;21.01.2024;20.02.2024;0,00;paid;W\n"
        '"A-3\n";cus_2;22/01/2024;20.02.2024;9;open;\n'
        "A-4;cus_2;01.22.2024;20.02.2024;9;open;Z\n"
    )
    found = run(mapper, invoices=text, balances="")
    assert [(row.ref, row.open_minor, str(row.dated_on), row.description) for row in found.brought.invoices] == [
        ("A-1", 115025, "2024-01-21", "Workshop"),
        ("A-3", 900, "2024-01-22", "None told"),
    ]
    # the third row stands on two lines, so the fourth begins on line 6; the 22nd month does not exist
    assert faults(found) == [("invoices", 6, "Created", "not_a_date")]
    assert found.counts[4] == type(found.counts[4])("invoices", 4, 2, 0, 1)


def test_an_instant_falls_on_its_day_in_the_sellers_zone() -> None:
    # 2024-01-21 02:30 UTC is the evening of the 20th in New York
    mapper = Mapper({"invoices": FileRule({"date": Take("date")}, zone="UTC")})
    for told in ("2024-01-21 02:30:00", "2024-01-21T02:30:00+00:00", "2024-01-21 02:30 UTC"):
        found = run(mapper, invoices=GIVEN["invoices"].replace("2024-01-21", told))
        assert str(found.brought.invoices[0].dated_on) == "2024-01-20", told


def test_a_mapper_with_faults_names_all_of_them() -> None:
    with pytest.raises(BadInput) as refused:
        mapper_from_json(
            {
                "invoice": {},
                "credits": {
                    "delimiter": "x",
                    "zone": "Mars/Base",
                    "fields": {"amt": {}, "kind": {"column": "a", "value": "b"}},
                },
            }
        )
    assert [fault.path for fault in refused.value.faults] == [
        "invoice",
        "credits.delimiter",
        "credits.zone",
        "credits.fields.amt",
        "credits.fields.kind",
    ]


def test_what_is_left_to_earn_may_be_less_than_the_prices_say_and_never_more() -> None:
    header, first, second = GIVEN["subscriptions"].splitlines()
    told = f"{header},deferred\n{first},{{}}\n{second},\n"
    found = run(subscriptions=told.format("250.00"), balances="")
    assert (faults(found), [row.left_minor for row in found.brought.subscriptions]) == ([], [25000, 7724])
    assert faults(run(subscriptions=told.format("301.65"))) == [
        ("subscriptions", 2, "deferred", "deferred_above_price")
    ]


def test_a_day_inside_a_billing_period_is_a_note_and_no_fault() -> None:
    found = run(subscriptions=GIVEN["subscriptions"].replace("2024-06-01", "2024-05-01"), balances="")
    assert faults(found) == []
    [note] = found.notes
    assert (note.line, note.column, note.code) == (2, "billed_until", "inside_a_period")
    assert "the days of 'base' to 2024-06-01 are billed with the first draft" in note.sentence


def test_columns_of_other_systems_are_guessed() -> None:
    header = b"Customer ID,Company,Billing Country,Net Terms,Created (UTC)\n"
    assert guessed("accounts", columns_of(header, FileRule())) == {
        "id": "Customer ID",
        "name": "Company",
        "country": "Billing Country",
        "terms_days": "Net Terms",
        "since": "Created (UTC)",
    }
    assert kind_of_file("Stripe_Subscriptions-2024.csv") == "subscriptions"
    assert kind_of_file("other.csv") == ""


def test_the_table_of_files_names_each_field_once() -> None:
    for spec in FILES.values():
        assert len(set(spec.names)) == len(spec.names)
        assert spec.ref in spec.names


def test_the_page_of_migrations_names_every_field_under_its_file() -> None:
    page = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
    for kind, spec in FILES.items():
        said = page.split(f"### {kind}\n")[1].split("\n##")[0]
        for one in spec.fields:
            assert f"`{one.name}`{'*' if one.needed else ''}" in said, (kind, one.name)
