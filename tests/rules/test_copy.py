"""The frozen copy of a document: to JSON and back, hashed, and tied."""

import json
from dataclasses import replace

import pytest

from core.errors import BadInput
from core.invoicing.codec import decode
from core.invoicing.copy import SellerParty, canonical_bytes, content_hash, faults, from_json, to_json
from tests.documents import credit_note, invoice, plain


@pytest.mark.parametrize("made", [invoice(), credit_note(), plain("JPY", 120_000), plain("KWD", 1_234)])
def test_a_copy_goes_to_json_and_back_unchanged(made):
    assert from_json(json.loads(canonical_bytes(made))) == made


def test_the_same_document_gives_the_same_bytes_whatever_order_its_json_came_in():
    value = to_json(invoice())
    turned = dict(reversed(list(value.items())))
    assert canonical_bytes(from_json(turned)) == canonical_bytes(invoice())


def test_the_hash_of_an_issued_document_is_fixed_for_ever():
    # D2. If this fails, the canonical JSON has changed and every document that was ever issued would fail its check.
    assert content_hash(invoice()) == "731d3b81c2c2632bc45f988f9a3a7be384b06e98fbaf1060412065bdc77acd4f"


def test_a_field_added_later_with_a_default_changes_no_hash():
    # what holds its default is not in the JSON, so an old copy and a new one without the field are the same bytes
    assert "website" not in to_json(invoice())["seller"]
    assert "website" in to_json(replace(invoice(), seller=replace(invoice().seller, website="x.example")))["seller"]


def test_any_change_of_content_changes_the_hash():
    given = invoice()
    line = replace(given.lines[1], explanation_hash="00")
    changed = [
        replace(given, note="x"),
        replace(given, lines=(given.lines[0], line, given.lines[2])),
        replace(given, lines=given.lines[::-1]),
        replace(given, seller=replace(given.seller, bank=replace(given.seller.bank, iban="DE00"))),
        replace(given, totals=replace(given.totals, due_minor=0)),
    ]
    assert len({content_hash(one) for one in (given, *changed)}) == 6


@pytest.mark.parametrize(
    ("change", "path", "shows"),
    [
        ({"colour": "red"}, "colour", "an unknown field is not dropped in silence"),
        ({"number": 17}, "number", "a number where text belongs"),
        ({"currency": None}, "currency", "nothing where text belongs"),
        ({"document_date": "2024-02-31"}, "document_date", "a day that does not exist"),
        ({"document_date": "20240229"}, "document_date", "a day written in another way"),
        ({"kind": "bill"}, "kind", "a word that no document kind has"),
        ({"lines": {}}, "lines", "an object where a list belongs"),
        ({"seller": "EU"}, "seller", "text where an object belongs"),
        ({"tax_inclusive": 1}, "tax_inclusive", "a number is not true"),
        ({"settings": [["a"]]}, "settings[0]", "half a setting"),
        ({"format": 2}, "format", "a format of the future"),
    ],
)
def test_json_that_is_no_copy_is_refused_by_path(change, path, shows):
    with pytest.raises(BadInput) as refused:
        from_json({**to_json(invoice()), **change})
    assert [fault.path for fault in refused.value.faults] == [path], shows


def test_a_float_is_never_read_as_money():
    value = json.loads(canonical_bytes(invoice()))
    value["lines"][0]["amount_minor"] = 14500.0
    value["totals"]["total_minor"] = True
    with pytest.raises(BadInput) as refused:
        from_json(value)
    assert [fault.path for fault in refused.value.faults] == ["lines[0].amount_minor", "totals.total_minor"]


def test_all_faults_are_reported_at_once():
    with pytest.raises(BadInput) as refused:
        decode(SellerParty, {"name": 1, "email": [], "tax_ids": [{"scheme": "VAT"}]})
    assert {fault.path for fault in refused.value.faults} == {"code", "name", "email", "tax_ids[0].number"}


def test_something_else_than_an_object_is_refused():
    with pytest.raises(BadInput):
        from_json([])


def test_the_documents_of_the_tests_tie():
    assert [faults(made) for made in (invoice(), credit_note(), plain("JPY", 5, 3))] == [(), (), ()]


def test_a_document_that_does_not_tie_says_where():
    given = invoice()
    # one cent more net in line 1: its net, its gross and the sum of net no longer follow from their parts
    line = replace(given.lines[0], net_minor=137_76)
    found = faults(replace(given, lines=(line, *given.lines[1:])))
    assert [fault.path for fault in found] == ["lines[0].gross_minor", "lines[0].net_minor", "totals.net_minor"]
    assert found[1].sentence == "net of line 1: 137.76 EUR is stated, 137.75 EUR follows from its parts."


def test_a_document_inclusive_of_tax_ties_by_its_gross():
    # 119.00 holds 19.00 of tax at 19 %: net 100.00
    given = invoice()
    line = replace(
        given.lines[0],
        amount_minor=119_00,
        discount_minor=0,
        net_minor=100_00,
        tax_minor=19_00,
        gross_minor=119_00,
        taxes=(),
    )
    totals = replace(
        given.totals,
        amount_minor=119_00,
        discount_minor=0,
        net_minor=100_00,
        tax_minor=19_00,
        total_minor=119_00,
        due_minor=119_00,
    )
    tax = replace(given.tax_totals[0], base_minor=100_00, tax_minor=19_00)
    made = replace(given, lines=(line,), totals=totals, tax_totals=(tax,), discounts=(), tax_inclusive=True)
    assert faults(made) == ()
    assert faults(replace(made, tax_inclusive=False)) != ()
