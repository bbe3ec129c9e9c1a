"""Laws of every document, asked of the invoice door: domain.md section 14, M2 to M6, with lines of either sign, discounts,
credits and every setting at once.
"""

from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from core.doors import invoice_document
from tests.support.laws import DECIMALS, LAW, Json, has_the_decimals_of, texts, total

RATES = ["0", "5", "7", "9.975", "20"]
ROUNDINGS = ["document", "line_then_rates", "line_each_rate"]


@st.composite
def documents(draw: st.DrawFn, currency: str = "", least: int = -200) -> Json:
    """Lines of either sign, discounts and credits of every kind, every setting."""
    currency = currency or draw(st.sampled_from(list(DECIMALS)))
    places = DECIMALS[currency]
    keys = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True))
    some = st.none() | st.lists(st.sampled_from(keys), min_size=1, unique=True)
    rates = st.lists(st.sampled_from(RATES), max_size=2, unique=True)
    lines = [{"id": key, "amount": draw(texts(least, 500, places)), "tax_percents": draw(rates)} for key in keys]
    percents = st.fixed_dictionaries({"percent": texts(0, 100, 2), "on": some})
    fixed = st.fixed_dictionaries({"fixed": texts(0, 300, places), "on": some})
    money = {"balance": texts(0, 300, places), "priority": st.integers(0, 1), "pays": some}
    granted = st.fixed_dictionaries({"kind": st.just("granted"), **money})
    taxed = st.sampled_from(["when_sold", "when_used"])
    bought = st.fixed_dictionaries({"kind": st.just("bought"), "taxed": taxed, **money})
    credits = [{"id": f"c{number}", **draw(granted | bought)} for number in range(draw(st.integers(0, 3)))]
    rules = {
        "discount_order": draw(st.sampled_from(["percentages_first", "as_listed"])),
        "percentage_of": draw(st.sampled_from(["what_is_left", "the_full_amount"])),
        "percentage_rounding": draw(st.sampled_from(["once", "each_line"])),
        "tax_rounding": draw(st.sampled_from(ROUNDINGS)),
        "prices_include_tax": draw(st.booleans()),
    }
    discounts = draw(st.lists(percents | fixed, max_size=3))
    return {"currency": currency, "lines": lines, "discounts": discounts, "credits": credits, "settings": rules}


@LAW
@given(documents())
def test_m2_every_line_and_the_document_add_up(question: Json) -> None:
    answer = invoice_document(question)
    for line in answer["lines"]:
        after = D(line["amount"]) - D(line["discount"])
        assert after == D(line["gross" if question["settings"]["prices_include_tax"] else "net"])
        assert D(line["net"]) + total(line["taxes"]) == D(line["gross"])
    assert D(answer["net"]) + D(answer["tax"]) == D(answer["total"])
    assert total(line["gross"] for line in answer["lines"]) == D(answer["total"])
    kinds = {credit["id"]: credit["kind"] for credit in question["credits"]}
    bought = total(drawn["amount"] for drawn in answer["drawn"] if kinds[drawn["credit"]] == "bought")
    assert bought + D(answer["due"]) == D(answer["total"])


@LAW
@given(documents())
def test_m3_and_m4_every_split_sums_to_its_whole(question: Json) -> None:
    answer = invoice_document(question)
    assert total(line["discount"] for line in answer["lines"]) == D(answer["discount"])
    assert total(line["net"] for line in answer["lines"]) == D(answer["net"])
    taxes = [tax for line in answer["lines"] for tax in line["taxes"]]
    assert total(taxes) == D(answer["tax"]) == total(answer["tax_by_percent"].values())


@LAW
@given(documents())
def test_a_discount_falls_on_positive_lines_and_never_exceeds_them(question: Json) -> None:
    for line in invoice_document(question)["lines"]:
        assert 0 <= D(line["discount"]) <= max(D(0), D(line["amount"]))


@LAW
@given(documents())
def test_m6_no_credit_falls_below_zero_or_pays_what_is_not_due(question: Json) -> None:
    answer = invoice_document(question)
    for credit, drawn in zip(question["credits"], answer["drawn"], strict=True):
        assert drawn["credit"] == credit["id"]
        assert D(drawn["left"]) >= 0
        assert D(drawn["amount"]) >= 0
        assert D(drawn["amount"]) + D(drawn["left"]) == D(credit["balance"])
    assert D(answer["due"]) >= min(D(0), D(answer["total"]))


@LAW
@given(documents())
def test_m5_every_amount_has_the_decimals_of_its_currency(question: Json) -> None:
    answer = invoice_document(question)
    figures = [answer["total"], answer["due"], *(line["net"] for line in answer["lines"])]
    figures += [tax for line in answer["lines"] for tax in line["taxes"]]
    for figure in figures:
        assert has_the_decimals_of(question["currency"], figure)


@LAW
@given(st.data())
def test_the_order_of_lines_changes_no_total(data: st.DataObject) -> None:
    """A cent that is left over goes to another line, and with it its tax; so no discount on some lines, no credit here."""
    question = data.draw(documents())
    question |= {"discounts": [one for one in question["discounts"] if one["on"] is None][:1], "credits": []}
    one_rate = [line | {"tax_percents": ["20"]} for line in question["lines"]]
    shuffled = data.draw(st.permutations(one_rate))
    question["settings"]["tax_rounding"] = "document"
    first, second = (invoice_document(question | {"lines": lines}) for lines in (one_rate, shuffled))
    assert [first[name] for name in ("discount", "net", "tax", "total", "due")] == [
        second[name] for name in ("discount", "net", "tax", "total", "due")
    ]


@LAW
@given(documents(least=0))
def test_a_credit_note_mirrors_its_invoice_to_the_cent(question: Json) -> None:
    billed = invoice_document(question | {"credits": []})
    opposites = [line | {"amount": f"{-D(line['amount']):f}"} for line in question["lines"]]
    asked = {name: question[name] for name in ("currency", "discounts", "settings")}
    credited = invoice_document(asked | {"lines": opposites, "kind": "credit_note"})
    for name in ("discount", "net", "tax", "total"):
        assert D(credited[name]) == -D(billed[name])
    for back, line in zip(credited["lines"], billed["lines"], strict=True):
        assert [-D(tax) for tax in back["taxes"]] == [D(tax) for tax in line["taxes"]]


@LAW
@given(documents(least=0), texts(0, 2000, 0))
def test_a_commitment_brings_the_lines_to_at_least_its_amount(question: Json, amount: str) -> None:
    commitment = {"amount": amount, "tax_percents": ["20"]}
    answer = invoice_document(question | {"commitment": commitment, "discounts": [], "credits": []})
    lines = total(line["amount"] for line in question["lines"])
    assert D(answer["true_up"]) == max(D(0), D(amount) - lines)
