"""The invoice door: the page's example in its very figures, the order of domain.md §7 worked by hand, and every refusal."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.doors import invoice_document, refusal
from core.errors import BadInput

QUESTION = """{"currency":"EUR","lines":[{"id":"seats","kind":"recurring","amount":"47.10","tax_percents":["18.7"]},
  {"id":"calls","kind":"usage","amount":"18.35","tax_percents":["6.2"]}],
 "discounts":[{"percent":"6.4"},{"fixed":"3.95","on":["calls"]}],"commitment":null,
 "credits":[{"id":"top-up","kind":"bought","taxed":"when_used","balance":"21.40","priority":1,"pays":null}],
 "settings":{"discount_order":"percentages_first","tax_rounding":"line_then_rates"}}"""
ANSWER: dict[str, Any] = {
    "lines": [
        {"id": "seats", "discount": "3.02", "net": "44.08", "taxes": ["8.24"]},
        {"id": "calls", "discount": "5.12", "net": "13.23", "taxes": ["0.82"]},
    ],
    "true_up": "0",
    "discount": "8.14",
    "tax": "9.06",
    "tax_by_percent": {"18.7": "8.24", "6.2": "0.82"},
    "total": "66.37",
    "drawn": [{"credit": "top-up", "amount": "21.40", "left": "0"}],
    "due": "44.97",
}
A100 = {"id": "a", "amount": "100.00", "tax_percents": ["20"]}
B50 = {"id": "b", "amount": "50.00", "tax_percents": ["10"]}
GRANT = {"id": "g", "kind": "granted", "balance": "30"}
SOLD = {"id": "s", "kind": "bought", "taxed": "when_sold", "balance": "30"}
USED = {"id": "u", "kind": "bought", "taxed": "when_used", "balance": "30"}


def ask(*lines: dict[str, Any], currency: str = "EUR", **rest: Any) -> dict[str, Any]:
    return invoice_document({"currency": currency, "lines": list(lines), **rest})


def fixed_in(expected: Any, found: Any) -> Any:
    """Of an answer only what the expectation fixes."""
    if isinstance(expected, dict):
        return {key: fixed_in(value, found[key]) for key, value in expected.items()}
    if isinstance(expected, list):
        assert len(expected) == len(found), found
        return [fixed_in(one, other) for one, other in zip(expected, found, strict=True)]
    return found


def faults_of(**question: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        invoice_document({"currency": "EUR", "lines": [A100], **question})
    return [(fault["code"], fault["path"]) for fault in refusal(caught.value)["refused"]]


def test_the_example_of_the_page_comes_out_in_its_very_figures() -> None:
    assert fixed_in(ANSWER, invoice_document(json.loads(QUESTION))) == ANSWER


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        # 10 % of 150 = 15; then 20 off what is left: 20 × 90 ÷ 135 = 13.33, 20 × 45 ÷ 135 = 6.67
        pytest.param(
            {"lines": [A100, B50], "discounts": [{"fixed": "20"}, {"percent": "10"}]},
            {"lines": [{"discount": "23.33"}, {"discount": "11.67"}], "discount": "35.00"},
            id="percentages come first, whatever the list says",
        ),
        # 20 × 100 ÷ 150 = 13.33, 6.67; then 10 % of 130 = 13, 8.667 → 8.67 and 4.333 → 4.33
        pytest.param(
            {
                "lines": [A100, B50],
                "discounts": [{"fixed": "20"}, {"percent": "10"}],
                "settings": {"discount_order": "as_listed"},
            },
            {"lines": [{"discount": "22.00"}, {"discount": "11.00"}], "discount": "33.00"},
            id="or as listed",
        ),
        # 10 % of 100 = 10, then 10 % of the full 100 again, not of 90
        pytest.param(
            {
                "lines": [A100],
                "discounts": [{"percent": "10"}, {"percent": "10"}],
                "settings": {"percentage_of": "the_full_amount"},
            },
            {"discount": "20.00"},
            id="percentages of the full amount add up",
        ),
        # 60 then 40 of 100 are left, of which 50 % of the full amount takes all
        pytest.param(
            {
                "lines": [A100],
                "discounts": [{"percent": "60"}, {"percent": "50"}],
                "settings": {"percentage_of": "the_full_amount"},
            },
            {"discount": "100.00", "total": "0.00", "discounts": [{"amount": "60.00"}, {"amount": "40.00"}]},
            id="and never take more than is left",
        ),
        # 95 off a leaves 5; 10 % of 150 = 15, by 100 : 50 that is 10 and 5; a takes only 5, so b bears 10
        pytest.param(
            {
                "lines": [A100, B50],
                "discounts": [{"fixed": "95", "on": ["a"]}, {"percent": "10"}],
                "settings": {"percentage_of": "the_full_amount", "discount_order": "as_listed"},
            },
            {"lines": [{"discount": "100.00"}, {"discount": "10.00"}]},
            id="what a line cannot bear falls on the others",
        ),
        # 0.05 × 10 % = 0.005 → 0.01 each; once: 0.15 × 10 % = 0.015 → 0.02
        pytest.param(
            {
                "lines": [{"id": name, "amount": "0.05"} for name in "abc"],
                "discounts": [{"percent": "10"}],
                "settings": {"percentage_rounding": "each_line"},
            },
            {"discount": "0.03", "discounts": [{"exact": "0.015", "amount": "0.03"}]},
            id="a percentage rounded on each line",
        ),
        pytest.param(
            {"lines": [{"id": name, "amount": "0.05"} for name in "abc"], "discounts": [{"percent": "10"}]},
            {"discount": "0.02", "lines": [{"discount": "0.01"}, {"discount": "0.01"}, {"discount": "0.00"}]},
            id="a percentage rounded once",
        ),
        # the credit of 40 is not discounted: 10 % of 100
        pytest.param(
            {
                "lines": [A100, {"id": "back", "amount": "-40", "tax_percents": ["20"]}],
                "discounts": [{"percent": "10"}],
            },
            {"lines": [{"discount": "10.00"}, {"discount": "0.00"}], "net": "50.00", "tax": "10.00", "total": "60.00"},
            id="discounts fall on positive lines only",
        ),
        # 150 off 100: a total of which 50 is left; anew for every invoice it is lost
        pytest.param(
            {"lines": [A100], "discounts": [{"fixed": "150", "fixed_discount": "total_drawn_down"}]},
            {"discount": "100.00", "discounts": [{"amount": "100.00", "left": "50.00"}]},
            id="a total is drawn down",
        ),
        pytest.param(
            {"lines": [A100], "discounts": [{"fixed": "150"}]},
            {"discount": "100.00", "discounts": [{"amount": "100.00", "left": None}]},
            id="an amount per invoice is not kept",
        ),
        # 300 − 150 = 150 of true-up, then 10 % of 300
        pytest.param(
            {
                "lines": [A100, B50],
                "commitment": {"amount": "300", "tax_percents": ["20"]},
                "discounts": [{"percent": "10"}],
            },
            {"true_up": "150.00", "discount": "30.00", "lines": [{"id": "a"}, {"id": "b"}, {"amount": "150.00"}]},
            id="the true-up comes before discounts",
        ),
        pytest.param(
            {"lines": [A100], "commitment": {"amount": "100.01", "billed_before": "60"}},
            {"true_up": "0", "total": "120.00"},
            id="what was billed before counts towards a commitment",
        ),
        # 12.00 is raised to 20, 80 cut to 60
        pytest.param(
            {"lines": [{"id": "a", "amount": "12", "minimum": "20"}, {"id": "b", "amount": "80", "maximum": "60"}]},
            {"lines": [{"amount": "20.00"}, {"amount": "60.00"}], "total": "80.00"},
            id="each line within its minimum and maximum",
        ),
        # 0.33 × 8.25 % = 0.027225 on each of three: once 0.081675 → 0.08, by line 0.03 × 3
        pytest.param(
            {"lines": [{"id": name, "amount": "0.33", "tax_percents": ["8.25"]} for name in "abc"]},
            {"tax": "0.08", "lines": [{"taxes": ["0.03"]}, {"taxes": ["0.03"]}, {"taxes": ["0.02"]}]},
            id="tax once on the document",
        ),
        # 10.30 × (5 % + 2.5 %): 0.515 + 0.2575 = 0.7725 → 0.77, split 0.51333… : 0.25666… → 0.51, 0.26
        pytest.param(
            {
                "lines": [{"id": "a", "amount": "10.30", "tax_percents": ["5", "2.5"]}],
                "settings": {"tax_rounding": "line_then_rates"},
            },
            {"lines": [{"taxes": ["0.51", "0.26"]}], "tax": "0.77"},
            id="tax once on the line, then split over its rates",
        ),
        # 0.515 → 0.52; 0.2575 → 0.26
        pytest.param(
            {
                "lines": [{"id": "a", "amount": "10.30", "tax_percents": ["5", "2.5"]}],
                "settings": {"tax_rounding": "line_each_rate"},
            },
            {"lines": [{"taxes": ["0.52", "0.26"]}], "tax": "0.78"},
            id="each rate on each line",
        ),
        # 119 × 19 ÷ 119 = 19; 10 off first: 109 × 19 ÷ 119 = 17.403… → 17.40
        pytest.param(
            {
                "lines": [{"id": "a", "amount": "119", "tax_percents": ["19"]}],
                "discounts": [{"fixed": "10"}],
                "settings": {"prices_include_tax": True},
            },
            {"lines": [{"net": "91.60", "taxes": ["17.40"], "gross": "109.00"}], "total": "109.00"},
            id="tax in the price: the discount is gross too",
        ),
        # 110 × 5 ÷ 110 = 5 twice
        pytest.param(
            {
                "lines": [{"id": "a", "amount": "110", "tax_percents": ["5", "5"]}],
                "settings": {"prices_include_tax": True},
            },
            {"lines": [{"net": "100.00", "taxes": ["5.00", "5.00"]}], "tax_by_percent": {"5": "10.00"}},
            id="two rates of one height in the price",
        ),
        pytest.param(
            {"lines": [{"id": "a", "amount": "100", "tax_category": "reverse_charge"}]},
            {"total": "100.00", "tax": "0.00", "lines": [{"taxes": ["0.00"]}]},
            id="reverse charge",
        ),
        # (100 − 30) × 20 % = 14
        pytest.param(
            {"lines": [A100], "credits": [GRANT]},
            {"discount": "30.00", "net": "70.00", "tax": "14.00", "total": "84.00", "due": "84.00"},
            id="granted credit is a discount before tax",
        ),
        # tax on 70; the net stays 100, and 30 of the total is paid
        pytest.param(
            {"lines": [A100], "credits": [SOLD]},
            {"discount": "0.00", "net": "100.00", "tax": "14.00", "total": "114.00", "due": "84.00"},
            id="credit taxed when it was sold is not taxed again",
        ),
        pytest.param(
            {"lines": [A100], "credits": [USED]},
            {"net": "100.00", "tax": "20.00", "total": "120.00", "due": "90.00"},
            id="credit taxed when it is used pays like money",
        ),
        # 120 to pay: the lower priority, then what expires, then as granted
        pytest.param(
            {
                "lines": [A100],
                "credits": [
                    {**USED, "id": "late", "balance": "90", "priority": 1},
                    {**USED, "id": "second"},
                    {**USED, "id": "third"},
                    {**USED, "id": "expiring", "expires_on": "2031-04-01"},
                    {**USED, "id": "expired", "expires_on": "2031-03-01"},
                ],
                "on": "2031-03-01",
            },
            {
                "drawn": [
                    {"credit": "late", "amount": "30.00"},
                    {"credit": "second", "amount": "30.00"},
                    {"credit": "third", "amount": "30.00"},
                    {"credit": "expiring", "amount": "30.00"},
                    {"credit": "expired", "amount": "0.00", "left": "30.00"},
                ],
                "due": "0.00",
            },
            id="priority, expiry, order granted",
        ),
        # b comes to 55 with its tax
        pytest.param(
            {"lines": [A100, B50], "credits": [{**USED, "balance": "80", "pays": ["b"]}]},
            {"lines": [{"paid": "0.00"}, {"paid": "55.00"}], "due": "120.00", "drawn": [{"left": "25.00"}]},
            id="a credit pays what it may",
        ),
        pytest.param(
            {
                "lines": [{"id": "a", "amount": "10"}],
                "commitment": {"amount": "40"},
                "credits": [{**USED, "balance": "80"}],
                "settings": {"commitment_payable_by_credit": False},
            },
            {"true_up": "30.00", "due": "30.00", "drawn": [{"amount": "10.00"}]},
            id="a commitment is not paid by credit where the setting says so",
        ),
        # 100 − 80 = 20 is all there is to pay
        pytest.param(
            {
                "lines": [{"id": "a", "amount": "100"}, {"id": "b", "amount": "-80"}],
                "credits": [{**USED, "balance": "80"}],
            },
            {"total": "20.00", "due": "0.00", "drawn": [{"amount": "20.00", "left": "60.00"}]},
            id="credit never pays more than the document",
        ),
        # net 100 − 80 = 20, tax −16: of the total of 4 the credit pays 4, taxed on 96 at 0 %
        pytest.param(
            {
                "lines": [{"id": "a", "amount": "100"}, {"id": "b", "amount": "-80", "tax_percents": ["20"]}],
                "credits": [{**SOLD, "balance": "80"}],
            },
            {"total": "4.00", "due": "0.00", "drawn": [{"amount": "4.00"}]},
            id="nor more than the total where tax is given back",
        ),
        # 1005 × 10 % = 100.5 → 101
        pytest.param(
            {"currency": "JPY", "lines": [{"id": "a", "amount": "1005", "tax_percents": ["10"]}]},
            {"tax": "101", "total": "1106", "due": "1106"},
            id="yen have no decimals",
        ),
        # 1.005 × 5 % = 0.05025 → 0.050; half of it off: 0.5025 → 0.503, tax 0.0251 → 0.025
        pytest.param(
            {
                "currency": "KWD",
                "lines": [{"id": "a", "amount": "1.005", "tax_percents": ["5"]}],
                "discounts": [{"percent": "50"}],
            },
            {"discount": "0.503", "net": "0.502", "tax": "0.025", "total": "0.527"},
            id="dinars have three",
        ),
        pytest.param({"lines": []}, {"total": "0.00", "due": "0.00", "lines": []}, id="nothing comes to nothing"),
    ],
)
def test_lines_come_to_these_figures(question: dict[str, Any], expected: dict[str, Any]) -> None:
    assert fixed_in(expected, invoice_document({"currency": "EUR", **question})) == expected


@pytest.mark.parametrize(
    ("question", "faults"),
    [
        ({"lines": [{**A100, "tax_percents": ["100.1"]}]}, [("out_of_range", "lines[0].tax_percents[0]")]),
        ({"lines": [A100, A100]}, [("given_twice", "lines[1].id")]),
        ({"lines": [{"id": "a", "amount": "1.001"}]}, [("too_many_decimals", "lines[0].amount")]),
        ({"lines": [{"amount": "1"}]}, [("field_missing", "lines[0].id")]),
        ({"lines": [{**A100, "minimum": "9", "maximum": "8"}]}, [("minimum_above_maximum", "lines[0].minimum")]),
        (
            {"lines": [{**A100, "tax_category": "reverse_charge"}]},
            [("untaxed_with_percent", "lines[0].tax_percents[0]")],
        ),
        ({"discounts": [{"percent": "100.1"}]}, [("out_of_range", "discounts[0].percent")]),
        ({"discounts": [{"percent": "-1"}]}, [("out_of_range", "discounts[0].percent")]),
        ({"discounts": [{"fixed": "-1"}]}, [("negative", "discounts[0].fixed")]),
        ({"discounts": [{"percent": "1", "fixed": "1"}]}, [("percent_or_fixed", "discounts[0].percent")]),
        ({"discounts": [{"fixed": "1", "on": ["x"]}]}, [("unknown_line", "discounts[0].on[0]")]),
        ({"discounts": [{"fixed": "1", "left": "1"}]}, [("nothing_drawn_down", "discounts[0].left")]),
        ({"credits": [{**GRANT, "balance": "-0.01"}]}, [("negative", "credits[0].balance")]),
        ({"credits": [GRANT, GRANT]}, [("given_twice", "credits[1].id")]),
        ({"credits": [{**GRANT, "taxed": "when_used"}]}, [("not_bought", "credits[0].taxed")]),
        ({"credits": [{**GRANT, "pays": ["x"]}]}, [("unknown_line", "credits[0].pays[0]")]),
        ({"credits": [{"id": "b", "kind": "bought", "balance": "1"}]}, [("field_missing", "credits[0].taxed")]),
        ({"settings": {"tax_rounding": "sometimes"}}, [("unknown_word", "settings.tax_rounding")]),
        ({"settings": {"tax": "x"}}, [("unknown_setting", "settings.tax")]),
        (
            {"lines": [A100, B50], "commitment": {"amount": "500"}},
            [("field_missing", "commitment.tax_percents")],
        ),
        ({"kind": "credit_note", "lines": [A100]}, [("not_negative", "lines[0].amount")]),
        ({"currency": "EUX"}, [("unknown_currency", "currency")]),
        ({"surprise": 1}, [("unknown_field", "surprise")]),
        (
            {"discounts": [{"percent": "101"}], "credits": [{**USED, "balance": "-1"}]},
            [("out_of_range", "discounts[0].percent"), ("negative", "credits[0].balance")],
        ),
    ],
)
def test_a_wrong_question_is_refused_naming_every_field(
    question: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    assert faults_of(**question) == faults


amounts = st.integers(0, 20_000).map(lambda minor: f"{minor // 100}.{minor % 100:02}")
percents = st.sampled_from(["0", "6.4", "12.5", "33.333", "100"])
lines_of = st.lists(
    st.tuples(amounts, st.lists(st.sampled_from(["0", "7", "8.875", "19"]), max_size=2)), min_size=1, max_size=5
).map(lambda rows: [{"id": str(n), "amount": a, "tax_percents": t} for n, (a, t) in enumerate(rows)])
terms = st.fixed_dictionaries(
    {
        "discounts": st.lists(
            st.one_of(percents.map(lambda p: {"percent": p}), amounts.map(lambda a: {"fixed": a, "on": ["0"]})),
            max_size=3,
        ),
        "settings": st.fixed_dictionaries(
            {
                "discount_order": st.sampled_from(["percentages_first", "as_listed"]),
                "percentage_of": st.sampled_from(["what_is_left", "the_full_amount"]),
                "percentage_rounding": st.sampled_from(["once", "each_line"]),
                "tax_rounding": st.sampled_from(["document", "line_then_rates", "line_each_rate"]),
                "prices_include_tax": st.booleans(),
            }
        ),
    }
)
credits_of = st.lists(
    st.tuples(st.sampled_from([GRANT, SOLD, USED]), amounts, st.integers(0, 2)).map(
        lambda one: {**one[0], "balance": one[1], "priority": one[2]}
    ),
    max_size=3,
    unique_by=lambda one: str(one["id"]),
)


def minor(text: str) -> int:
    return int(text.replace(".", ""))


@given(lines=lines_of, rest=terms, credits=credits_of)
def test_m2_to_m6_hold_for_any_document(lines: list[Any], rest: dict[str, Any], credits: list[Any]) -> None:
    answer = ask(*lines, **rest, credits=credits)
    for line, given_line in zip(answer["lines"], lines, strict=True):
        off = minor(line["amount"]) - minor(line["discount"])
        assert off == minor(line["gross" if rest["settings"]["prices_include_tax"] else "net"])
        assert minor(line["net"]) + sum(map(minor, line["taxes"])) == minor(line["gross"])
        assert 0 <= minor(line["discount"]) <= minor(given_line["amount"])
        assert 0 <= minor(line["paid"]) <= minor(line["gross"])
    assert minor(answer["total"]) == sum(minor(line["gross"]) for line in answer["lines"])
    assert minor(answer["tax"]) == sum(map(minor, answer["tax_by_percent"].values()))
    bought = sum(
        minor(one["amount"]) for one, of in zip(answer["drawn"], credits, strict=True) if of["kind"] == "bought"
    )
    assert minor(answer["due"]) == minor(answer["total"]) - bought >= 0
    assert all(minor(one["left"].ljust(4, "0") if one["left"] == "0" else one["left"]) >= 0 for one in answer["drawn"])


@given(lines=lines_of, rest=terms)
def test_a_credit_note_mirrors_the_invoice_of_its_opposites(lines: list[Any], rest: dict[str, Any]) -> None:
    answer = ask(*lines, **rest)
    opposites = [{**line, "amount": f"-{line['amount']}"} for line in lines]
    note = ask(*opposites, **rest, kind="credit_note")
    assert minor(note["total"]) == -minor(answer["total"])
    assert [[minor(tax) for tax in line["taxes"]] for line in note["lines"]] == [
        [-minor(tax) for tax in line["taxes"]] for line in answer["lines"]
    ]
