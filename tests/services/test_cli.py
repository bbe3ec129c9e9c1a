"""The shell's words on both databases, called as a person or a program would: what they print, and with which exit code."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import cli, db, ledger, people
from core import desk as core_desk
from core.settings import settings
from core.words import Role, TaxCategory
from tests.support import business
from tests.support.business import ADA, ANNA, NOW

RATE = {
    "currency": "USD",
    "lines": [
        {
            "price": {"model": "per_unit", "unit": "3", "per": "1000000"},
            "usage": {"quantity": "18059974"},
        }
    ],
}


@pytest.fixture
def desk(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A small business of one seller with one customer who pays for API calls, and the shell pointed at it."""
    monkeypatch.setenv("COUNTINGHOUSE_DATABASE_URL", database_url)
    settings.cache_clear()
    engine = db.make_engine(database_url)
    with db.transaction(engine, NOW) as session:
        people.add_first_administrator(session, NOW, login="ada", name="Ada", password="a-long-password")
        people.add_user(session, ADA, NOW, login="anna", name="Anna", role=Role.APPROVER, password="a-long-password")
        core_desk.make_demo(session, ADA, NOW, on=NOW.date())  # the shell asks for the business day: let it stand still
        ground = business.found(session)
        ledger.open_books(session, ANNA, NOW, ground.seller_id, date(2023, 1, 1))
        business.add_customer(session, ground, "acme", plan="tokens", started_on=date(2024, 2, 1))
        ledger.set_tax_rate(
            session, ANNA, NOW, seller_id=ground.seller_id, country="US", product_category=TaxCategory.STANDARD,
            category=TaxCategory.OUT_OF_SCOPE, percent=Decimal(0), label="Sales tax", valid_from=date(2023, 1, 1),
            reason="none is set up",
        )  # fmt: skip
    engine.dispose()
    yield database_url
    settings.cache_clear()


@pytest.fixture
def call(desk: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run the words with --json over the database `desk`; the exit code and what was printed."""
    assert settings().database_url == desk

    def run(*words: str) -> tuple[int, Any]:
        code = cli.main([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def usage_file(folder: Path) -> Path:
    path = folder / "february.jsonl"
    line = {"customer": "acme", "meter": "tokens.context", "occurred_at": "2024-02-10T12:00:00Z"}
    path.write_text("".join(json.dumps({**line, "event_id": f"e{n}", "quantity": "1500000"}) + "\n" for n in range(2)))
    return path


def test_every_word_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("migrate", "demo", "ingest", "draft", "close", "reconcile", "verify", "what-if", "rate", "invoice"):
        with pytest.raises(SystemExit) as ended:
            cli.main([word, "--help"])
        assert ended.value.code == 0
        assert "usage: countinghouse" in capsys.readouterr().out


def test_a_file_is_taken_in_once_and_drafted_to_the_cent(call: Any, tmp_path: Path) -> None:
    path = str(usage_file(tmp_path))
    code, first = call("ingest", path, "--source", "collector")
    assert (code, first["accepted"], first["again"]) == (0, 2, False)
    code, again = call("ingest", path, "--source", "collector")
    assert (code, again["batch"], again["again"]) == (0, first["batch"], True)
    code, drafted = call("draft", "--on", "2024-03-01")
    assert (code, len(drafted["made"])) == (0, 1)
    code, nothing = call("draft", "--on", "2024-03-01")
    assert (nothing["made"], nothing["unchanged"]) == ([], drafted["made"])


def test_a_file_with_bad_lines_says_which_and_keeps_the_rest(call: Any, tmp_path: Path) -> None:
    path = usage_file(tmp_path)
    path.write_text(path.read_text() + '{"event_id": "x", "customer": "nobody", "meter": "tokens.context"}\n')
    code, told = call("ingest", str(path), "--source", "collector")
    assert (code, told["accepted"], told["rejected"]) == (1, 2, 1)


def test_a_month_is_closed_by_a_person_and_verified(call: Any) -> None:
    for month in ("2023-01", "2023-02"):
        code, closed = call("close", "--period", month, "--as", "anna")
        assert (code, closed.get("locked")) == (0, True), closed
    code, verified = call("verify")
    assert (code, verified["holds"]) == (0, True), [i for i in verified["invariants"] if not i["holds"]]


def test_a_month_is_not_closed_before_the_one_that_comes_first(call: Any) -> None:
    code, refused = call("close", "--period", "2023-02", "--as", "anna")
    assert code == 2
    assert refused["refused"][0]["code"] == "earlier_open"


def test_the_checks_run_and_list_what_is_open(call: Any) -> None:
    code, told = call("reconcile")
    assert (code, told["findings"]) == (0, [])
    assert told["checks"] > 5


def test_who_may_not_is_refused_with_the_sentence_of_core(call: Any, tmp_path: Path) -> None:
    code, refused = call("ingest", str(usage_file(tmp_path)), "--source", "collector", "--as", "anna")
    assert code == 2
    assert refused["refused"][0]["code"] == "not_permitted"


def test_rate_answers_from_a_file_and_refuses_a_number_with_a_point(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = tmp_path / "question.json"
    question.write_text(json.dumps(RATE))
    assert cli.main(["rate", str(question)]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == "54.18"  # 18,059,974 × 3 ÷ 1,000,000 = 54.179922
    question.write_text('{"currency": "USD", "lines": [{"price": {"model": "per_unit", "unit": 0.1}}]}')
    assert cli.main(["rate", str(question)]) == 2
    assert json.loads(capsys.readouterr().out)["refused"][0]["code"] == "number_with_point"


def test_another_price_model_is_refused_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = tmp_path / "question.json"
    question.write_text(json.dumps({**RATE, "lines": [{"price": {"model": "stairstep"}, "usage": {"quantity": "1"}}]}))
    assert cli.main(["rate", str(question)]) == 2
    assert "stairstep" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["demo", "draft", "verify"])
def test_a_database_without_tables_is_refused_with_what_to_do(
    word: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COUNTINGHOUSE_DATABASE_URL", empty_database_url)
    settings.cache_clear()
    assert cli.main([word]) == 2
    settings.cache_clear()
    assert "countinghouse migrate" in capsys.readouterr().err


def test_a_plan_is_tried_on_the_last_months_with_time_and_memory(call: Any, tmp_path: Path) -> None:
    """3 million context tokens in February cost 9.00 at 3 a million, and nothing in seats; one seat is 29."""
    call("ingest", str(usage_file(tmp_path)), "--source", "file")
    table = tmp_path / "what-if.csv"
    code, told = call("what-if", "--plan", "seats", "--months", "2", "--customer", "acme", "--csv", str(table))
    assert code == 0
    assert told["months"] == ["2024-01", "2024-02"]
    (acme,) = told["customers"]
    assert (acme["present"], acme["candidate"]) == (["0.00", "9.00"], ["0.00", "29.00"])
    assert acme["notes"] == ["part_of_months", "seats_assumed"]
    assert told["milliseconds"] >= 0 < told["peak_mib"]
    assert table.read_text().splitlines()[1].startswith("acme,Acme,USD,metered,0.00,9.00,0.00,29.00,9.00,29.00,20.00")


def test_unsaved_prices_are_tried_from_a_file_and_a_fault_is_refused(call: Any, tmp_path: Path) -> None:
    price = {
        "code": "context",
        "currency": "USD",
        "product": "context",
        "value": business.metered("tokens.context", "1", "2000"),
    }
    path = tmp_path / "prices.json"
    path.write_text(json.dumps([price]))
    assert call("what-if", "--prices", str(path), "--flat", "context", "--months", "1")[1]["customers"] == []
    path.write_text(json.dumps([{**price, "product": "none"}]))
    code, told = call("what-if", "--prices", str(path))
    assert (code, told["refused"][0]["path"]) == (2, "prices[0].product")


def test_a_business_is_brought_over_by_two_people(call: Any, desk: str, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "data" / "migration" / "example"
    engine = db.make_engine(desk)
    with db.transaction(engine, NOW) as session:
        people.add_user(session, ADA, NOW, login="olga", name="Olga", role=Role.OPERATOR, password="a-long-password")
    engine.dispose()
    asked = ["--system", "oldbill", "--opening-on", "2024-03-01", "--as", "olga"]
    code, looked = call("migrate-in", str(example), *asked, "--dry-run")
    assert (code, looked["faults"], looked["prepared"]) == (0, [], None)
    code, prepared = call("migrate-in", str(example), *asked)
    assert code == 0
    code, refused = call("migrate-in", "--apply", str(prepared["prepared"]), "--as", "olga")
    assert (code, refused["refused"][0]["code"]) == (2, "not_permitted")
    code, applied = call("migrate-in", "--apply", str(prepared["prepared"]), "--as", "anna")
    assert (code, applied["made"]["subscriptions"]) == (0, 2)
    (tmp_path / "invoices.csv").write_text("number,account\nX-1,nobody\n")
    code, looked = call("migrate-in", str(tmp_path), *asked)
    assert (code, looked["prepared"]) == (1, None)
    assert {one["code"] for one in looked["faults"]} == {"column_missing"}
    code, verified = call("verify")
    assert (code, verified["holds"]) == (0, True)
