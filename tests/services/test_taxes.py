"""Tax by seller and customer on both databases: several rates, exempt, reverse charge by VAT id, tax in the price."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core import catalog, db, export, invoicing, ledger
from core.errors import BadInput
from core.words import TaxCategory
from tests import books
from tests.support import billing, business
from tests.support.business import ADA, ANNA, NOW, OLGA, SINCE
from tests.support.hold import hold

FEBRUARY = date(2024, 2, 1)


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine, european=True)


def client(
    engine: Engine, desk: business.Desk, key: str = "acme", country: str = "", **amended: Any
) -> business.Client:
    with db.transaction(engine, NOW) as session:
        made = business.add_customer(
            session, desk, key, plan="seats", quantities={"seats": 5}, started_on=FEBRUARY, country=country
        )
        if amended:
            catalog.amend_account(session, OLGA, NOW, account_id=made.account_id, valid_from=SINCE, **amended)
    return made


def rate(engine: Engine, desk: business.Desk, country: str, percent: str, level: int = 1, label: str = "VAT") -> None:
    with db.transaction(engine, NOW) as session:
        ledger.set_tax_rate(
            session, ANNA, NOW, seller_id=desk.seller_id, country=country, product_category=TaxCategory.STANDARD,
            category=TaxCategory.STANDARD, percent=Decimal(percent), label=label, valid_from=SINCE, level=level,
        )  # fmt: skip


def set_to(engine: Engine, desk: business.Desk, **settings: Any) -> None:
    with db.transaction(engine, NOW) as session:
        for key, value in settings.items():
            catalog.set_setting(
                session, ADA, NOW, scope="seller", scope_id=desk.seller_id, key=key, value=value, valid_from=SINCE
            )


def everything_holds(engine: Engine, folder: Path) -> None:
    hold(engine)
    with db.reading(engine) as session:
        export.write(session, folder)
    assert books.Books(folder).differences() == []


@pytest.mark.parametrize(
    ("rounding", "taxes", "tax"),
    # 145.00 × 5 % = 7.25; × 9.975 % = 14.46375; together 21.71375 → 21.71, of which 7.25 and 14.46
    [("document", [725, 1446], 2171), ("line_then_rates", [725, 1446], 2171), ("line_each_rate", [725, 1446], 2171)],
)
def test_several_rates_act_side_by_side(
    engine: Engine, desk: business.Desk, rounding: str, taxes: list[int], tax: int, tmp_path: Path
) -> None:
    rate(engine, desk, "CA", "5", label="GST")
    rate(engine, desk, "CA", "9.975", level=2, label="QST")
    set_to(engine, desk, tax_rounding=rounding)
    client(engine, desk, country="CA")
    [draft] = billing.draft(engine, desk, FEBRUARY)
    issued = billing.issue(engine, draft.id)
    assert issued.tax_minor == tax
    with engine.connect() as connection:
        assert list(connection.execute(text("SELECT tax_minor FROM line_tax ORDER BY seq")).scalars()) == taxes
    with db.transaction(engine, NOW) as session:
        note = invoicing.cancel(session, ANNA, NOW, draft.id, "not wanted")
    with db.transaction(engine, NOW) as session:
        assert invoicing.pdf(session, note)[:4] == b"%PDF"
        invoicing.approve(session, business.ABEL, NOW, note, invoicing.document(session, note).content_hash)
        invoicing.issue(session, business.ABEL, NOW, note)
    everything_holds(engine, tmp_path)


def test_tax_in_the_price_is_taken_out_of_it_and_not_earned(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    set_to(engine, desk, prices_include_tax=True)
    client(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    # 145.00 × 19 ÷ 119 = 23.1512… → 23.15
    assert (draft.amount_minor, draft.net_minor, draft.tax_minor, draft.total_minor) == (14500, 12185, 2315, 14500)
    billing.issue(engine, draft.id)
    with db.reading(engine) as session:
        rows = {
            row.role: row.balance_minor for row in ledger.trial_balance(session, desk.seller_id, date(2024, 12, 31))
        }
    assert rows[ledger.AccountRole.REVENUE_RECURRING] == -12185
    everything_holds(engine, tmp_path)


@pytest.mark.parametrize(
    ("registered", "tax_ids", "expected"),
    [
        (["DE"], {"VAT": "FR40303265045"}, (TaxCategory.REVERSE_CHARGE, 0)),
        (["DE"], {}, (TaxCategory.STANDARD, 2900)),  # 145.00 × 20 %: no id, no reverse charge
        ([], {"VAT": "FR40303265045"}, (TaxCategory.STANDARD, 2900)),
        (["DE", "FR"], {"VAT": "FR40303265045"}, (TaxCategory.STANDARD, 2900)),
        (["DE"], {"VAT": "NL004495445B01"}, (TaxCategory.STANDARD, 2900)),  # another country's
    ],
)
def test_a_business_abroad_that_shows_its_vat_id_owes_the_tax_itself(
    engine: Engine, desk: business.Desk, registered: list[str], tax_ids: Any, expected: Any
) -> None:
    rate(engine, desk, "FR", "20")
    numbers = {"DE": "DE129274202", "FR": "FR83404833048"}
    with db.transaction(engine, NOW) as session:
        for country in registered:
            ledger.register_for_tax(
                session, ANNA, NOW, seller_id=desk.seller_id, country=country, tax_id=numbers[country], valid_from=SINCE
            )
    client(engine, desk, country="FR", tax_ids=tax_ids)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    assert (draft.lines[0].tax_category, draft.tax_minor) == expected
    if not draft.tax_minor:
        assert "Article 196" in draft.taxes[0].reason


def test_an_exempt_account_is_not_taxed_and_its_document_says_why(engine: Engine, desk: business.Desk) -> None:
    client(engine, desk, tax_exempt_reason="Certificate 4711 of the tax office")
    [draft] = billing.draft(engine, desk, FEBRUARY)
    assert (draft.lines[0].tax_category, draft.tax_minor) == (TaxCategory.EXEMPT, 0)
    assert draft.taxes[0].reason == "Certificate 4711 of the tax office"


@pytest.mark.parametrize("number", ["DE123456789", "FR00303265045", "DE12345678", "XX1"])
def test_a_wrong_vat_id_is_refused_where_it_is_entered(engine: Engine, desk: business.Desk, number: str) -> None:
    with pytest.raises(BadInput) as caught:
        client(engine, desk, tax_ids={"VAT": number})
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [("wrong_tax_id", "tax_ids.VAT")]


def test_a_good_vat_id_leaves_its_evidence(engine: Engine, desk: business.Desk) -> None:
    client(engine, desk, tax_ids={"VAT": "DE136695976", "EORI": "unchecked"})
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT kind, value, valid FROM tax_evidence")).all()
    assert [(kind, value, bool(valid)) for kind, value, valid in kept] == [("vat_id", "DE136695976", True)]
