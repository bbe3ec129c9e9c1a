"""The screen of all documents: who sees what, what a click does, how a refusal reads, what a run costs."""

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from core import db, desk, invoicing, people, wall
from core.people import person
from core.words import DocumentKind, DocumentStatus, Role
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told


def opened(url: str, login: str, query: dict[str, str] | None = None) -> AppTest:
    return open_page(desk_at(url, login), "invoices", query)


def drafted(url: str) -> list[invoicing.QueueRow]:
    with db.reading(db.make_engine(url)) as session:
        return list(invoicing.queue(session, [DocumentStatus.DRAFT], sort="amount").rows)


def found(url: str, document_id: int) -> invoicing.DocumentView:
    with db.reading(db.make_engine(url)) as session:
        return invoicing.document(session, document_id)


def acts(url: str, login: str, *verbs: str, document_id: int) -> None:
    """Take a document along its way as this person."""
    now = wall.now()
    with db.transaction(db.make_engine(url), now, "test.way") as session:
        actor, at = people.acting_as(session, login), desk.business_now(session, now)
        for verb in verbs:
            more = [invoicing.document(session, document_id).content_hash] if verb == "approve" else []
            getattr(invoicing, verb)(session, actor, at, document_id, *more)


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_every_document_and_why_its_lines_are_what_they_are(desk_url: str, login: str) -> None:
    at = opened(desk_url, login, {"find": "Acme", "state": "overdue"})
    assert told(at) == []
    seen = markup(at)
    assert "<h2>Acme Robotics</h2>" in seen
    assert "Overdue" in seen
    # 99.00 for January, in advance, on the bill of 1 January
    assert "Why 99.00: Platform" in seen
    assert ">99.00</td>" in seen


def test_a_page_of_the_list_costs_few_queries(desk_url: str) -> None:
    at = opened(desk_url, "ada")
    with counting(Engine) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 20, cost.repeated


def test_what_cannot_be_done_by_a_role_is_not_offered(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    offered = {login: opened(desk_url, login, {"item": str(draft.id)}) for login in ("vera", "mira", "ada")}
    assert {login: at.button(key="submit").disabled for login, at in offered.items()} == {
        "vera": True,
        "mira": False,
        "ada": True,
    }


def test_an_operator_sends_a_draft_to_review(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    at = opened(desk_url, "mira", {"item": str(draft.id)})
    at.button(key="submit").click().run()
    assert told(at) == []
    assert found(desk_url, draft.id).status is DocumentStatus.IN_REVIEW


def test_an_approver_approves_and_issues_after_being_asked(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    acts(desk_url, "mira", "submit", document_id=draft.id)
    at = opened(desk_url, "ada", {"item": str(draft.id)})
    at.button(key="approve").click().run()
    assert found(desk_url, draft.id).status is DocumentStatus.APPROVED
    at.button(key="issue").click().run()
    assert "gets the next number" in markup(at)
    assert found(desk_url, draft.id).number == ""
    answer(at).click().run()
    assert told(at) == []
    issued = found(desk_url, draft.id)
    assert issued.status is DocumentStatus.ISSUED
    assert issued.number
    assert issued.number in markup(at)


def test_what_was_issued_from_the_approved_stays_open_for_its_next_step(desk_url: str) -> None:
    [first, second, *_] = drafted(desk_url)
    for one in (first, second):
        acts(desk_url, "mira", "submit", document_id=one.id)
        acts(desk_url, "ada", "approve", document_id=one.id)
    at = opened(desk_url, "jonas", {"state": "approved", "item": str(first.id)})
    at.button(key="issue").click().run()
    answer(at).click().run()
    assert told(at) == []
    assert found(desk_url, first.id).number in markup(at)
    assert not at.button(key="send").disabled
    assert at.dataframe[0].value["number"].tolist() == ["not issued"]
    at.selectbox(key="state").set_value("draft").run()  # another filter begins with its own
    assert found(desk_url, first.id).number not in markup(at)


def test_nobody_approves_what_they_edited(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    with db.transaction(db.make_engine(desk_url), wall.now(), "test.edit") as session:
        actor = person("ada", "Ada Keller", Role.OPERATOR)  # she was an operator yesterday
        now = desk.business_now(session, wall.now())
        invoicing.add_note(session, actor, now, draft.id, "With thanks", "asked for")
        invoicing.submit(session, actor, now, draft.id)
    at = opened(desk_url, "ada", {"item": str(draft.id)})
    at.button(key="approve").click().run()
    assert any("Ada Keller entered by hand what it rests on" in said for said in told(at))
    assert found(desk_url, draft.id).status is DocumentStatus.IN_REVIEW


def test_a_second_approval_says_that_somebody_was_faster(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    acts(desk_url, "mira", "submit", document_id=draft.id)
    at = opened(desk_url, "ada", {"item": str(draft.id)})
    acts(desk_url, "jonas", "approve", document_id=draft.id)
    at.button(key="approve").click().run()
    assert len(told(at)) == 1
    decisions = found(desk_url, draft.id).decisions
    assert [decision.actor for decision in decisions] == ["jonas"]


def test_a_return_needs_a_reason_and_the_question_stays_until_it_has_one(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    acts(desk_url, "mira", "submit", document_id=draft.id)
    at = opened(desk_url, "ada", {"item": str(draft.id)})
    at.button(key="return").click().run()
    answer(at).click().run()
    assert "Say what is to be changed" in markup(at)
    next(each for each in at.text_input if each.label == "Reason").set_value("The seats are wrong")
    answer(at).click().run()
    view = found(desk_url, draft.id)
    assert (view.status, view.decisions[-1].reason) == (DocumentStatus.DRAFT, "The seats are wrong")


def test_an_operator_adds_a_line_by_hand(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    at = opened(desk_url, "mira", {"item": str(draft.id)})
    at.button(key="add-line").click().run()
    typed = {each.label: each for each in at.text_input}
    typed["Description"].set_value("Training")
    typed[f"Amount in {draft.currency}"].set_value("1250.00")
    typed["Reason"].set_value("as agreed")
    answer(at).click().run()
    assert told(at) == []
    [line] = [each for each in found(desk_url, draft.id).lines if each.description == "Training"]
    assert line.amount_minor == 125000


def test_bad_input_names_what_is_wrong_and_changes_nothing(desk_url: str) -> None:
    [draft, *_] = drafted(desk_url)
    at = opened(desk_url, "mira", {"item": str(draft.id)})
    at.button(key="add-line").click().run()
    typed = {each.label: each for each in at.text_input}
    typed[f"Amount in {draft.currency}"].set_value("a lot")
    answer(at).click().run()
    assert "Nothing was changed" in told(at)[0]
    assert "a lot&#x27; is not a number" in markup(at)
    assert found(desk_url, draft.id).total_minor == draft.total_minor


def test_cancelling_writes_a_credit_note_for_another_person(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"state": "overdue"})
    at.button(key="cancel").click().run()
    next(each for each in at.text_input if each.label == "Reason").set_value("billed to the wrong account")
    answer(at).click().run()
    assert told(at) == []
    with db.reading(db.make_engine(desk_url)) as session:
        [note] = invoicing.queue(session, kind=DocumentKind.CREDIT_NOTE).rows
    assert note.status is DocumentStatus.IN_REVIEW


def test_sending_puts_it_into_the_outbox_and_the_screen_says_so(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"state": "overdue"})
    at.button(key="send").click().run()
    answer(at).click().run()
    assert told(at) == []
    assert "Waiting" in markup(at)
    assert "ap@client.example" in markup(at)


@pytest.mark.parametrize("tab", ["Difference", "Usage", "PDF", "History"])
def test_every_tab_of_a_metered_invoice_opens(desk_url: str, tab: str) -> None:
    at = opened(desk_url, "ada", {"find": "Acme", "state": "draft", "tab": tab})
    assert told(at) == []
    expected = {
        "Difference": "Against the invoice before",
        "Usage": "acme-storage-2024-02-29",  # the last of February's 29 days, one event each
        "PDF": "marked as a draft",
        "History": "Changes",
    }
    assert expected[tab] in markup(at)


def test_a_filter_that_nothing_matches_is_named_and_cleared(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"find": "no such customer"})
    assert "No document matches" in markup(at)
    assert "no such customer" in markup(at)
    next(button for button in at.button if button.label == "Clear filters").click().run()
    assert "Globex Corporation" in markup(at)


def answer(at: AppTest):  # type: ignore[no-untyped-def]
    """The button of the open dialog."""
    return next(button for button in at.button if str(button.key).startswith("answer-"))
