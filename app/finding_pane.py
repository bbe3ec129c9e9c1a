"""An opened finding: both sides field by field, what may be done, and what that will do, drawn from the value that is saved."""

import re
from datetime import date
from typing import Any, Final

import streamlit as st
from sqlmodel import Session

from app import actions, dialogs, document, journal, messages, session, widgets, wording, worklist
from app.widgets import AnyRow, Cell
from core import reconciliation
from core.errors import BillingError
from core.reconciliation import Effect, FindingDetail, FindingState, FindingView, ResolutionKind, Suggestion

GROUPS: Final = {
    "usage_billed": "Usage ↔ billed",
    "invoices_payments": "Invoices ↔ payments",
    "ledger_subledgers": "Ledger",
}
NAMES: Final = {
    "missing_payment": "Not paid",
    "partial_payment": "Underpaid",
    "unknown_payment": "Whose?",
    "unmatched_payment": "Not laid",
    "overpayment": "Overpaid",
    "duplicate_payment": "Paid twice",
    "wrong_currency": "Wrong currency",
    "usage_not_billed": "Not billed",
    "late_usage": "Late usage",
    "billed_beyond_usage": "Billed, not counted",
    "usage_without_price": "No price",
    "control_account": "Ledger ≠ items",
}
VERBS: Final = {
    ResolutionKind.MATCH: "Match",
    ResolutionKind.SPLIT: "Split",
    ResolutionKind.WRITE_OFF: "Write off",
    ResolutionKind.CREDIT_NOTE: "Write a credit note",
    ResolutionKind.REFUND: "Ask for the refund",
    ResolutionKind.BILL_LATE_USAGE: "Bill the usage",
    ResolutionKind.CUSTOMER_CREDIT: "Keep as credit",
    ResolutionKind.WAIVE: "Waive",
}


def draw(db: Session, detail: FindingDetail, weight: tuple[str, str], key: str) -> None:
    found = detail.finding
    money = f"{document.money(abs(found.drift_minor), found.currency)} {found.currency} · " if found.drift_minor else ""
    age = (
        (f"open {wording.count(found.age_days, 'day')}" if found.age_days else "new today")
        if found.state is FindingState.OPEN
        else str(found.state)
    )
    head = widgets.pane_head(NAMES.get(found.check, found.check), weight, money + age)
    worklist.walk(head, key)
    place = st.container()
    widgets.text(found.sentence, "")
    sides(found)
    with place:
        actions.told()
    if found.state is FindingState.OPEN and found.suggested:
        _resolve(db, found, head)
    _history(detail)


NO_FIGURES: Final = frozenset({"reference", "party", "date", "due", "remittance"})
"""Fields whose difference is never the money."""


def sides(found: FindingView) -> None:
    """Field by field; the fields that differ are tinted, the one with the money tells the difference."""
    names = [name for name in dict.fromkeys([*found.left, *found.right]) if name != "what"]
    drift = f"{document.money(found.drift_minor, found.currency, signed=True)}" if found.currency else found.drift_text
    told, rows = False, []
    for name in reversed(names):  # the difference stands in the last row that differs: the amounts come last
        ours, theirs = _text(found.left.get(name)), _text(found.right.get(name))
        differs = name in found.left and name in found.right and ours != theirs
        tells = differs and not told and name not in NO_FIGURES
        said = drift if tells else "differs" if differs else "same" if ours and ours == theirs else ""
        told = told or tells
        tone = "hit" if differs else ""
        rows.append(
            (
                name.capitalize(),
                Cell(ours, tone),
                Cell(theirs, tone),
                Cell(said, "hit" if tells else "faint"),
            )
        )
    heads = (_text(found.left.get("what")).capitalize(), _text(found.right.get("what")).capitalize())
    widgets.sheet(("", *heads, "Difference"), reversed(rows), num=(3,), widths=("16%", "32%", "32%", "20%"))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return wording.listed(_text(each) for each in value)
    return wording.day(date.fromisoformat(value)) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) else str(value)


def what(found: FindingView) -> str:
    """What it is about, in the few words of a list."""
    said = [_text(found.left.get(name)) for name in ("party", "customer", "reference", "meter", "account", "control")]
    return " ".join(part for part in said if part) or found.sentence


# ── resolving ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _resolve(db: Session, found: FindingView, head: Any) -> None:
    widgets.section("Resolve")
    picked = st.radio(
        "Resolve", range(len(found.suggested)), key=f"resolution:{found.id}:{found.last_run_id}", label_visibility="collapsed",
        format_func=lambda i: wording.plain(found.suggested[i].sentence),
        captions=[wording.plain(_caption(each, i)) for i, each in enumerate(found.suggested)],
    )  # fmt: skip
    chosen = found.suggested[picked]
    reason_key = f"reason:{found.id}"
    st.text_input(
        "Reason, kept in the audit log",
        key=reason_key,
        placeholder="Reason, kept in the audit log",
        label_visibility="collapsed",
    )
    permission = reconciliation.DEEDS[chosen.kind].permission
    try:
        effect = reconciliation.preview(
            db, session.here().actor, session.here().now, finding_id=found.id, kind=chosen.kind, choice=chosen.choice
        )
    except BillingError as error:
        messages.refused(error.sentence)
        return
    if chosen.kind is ResolutionKind.WRITE_OFF:
        head.button(
            "Propose",
            key="propose",
            disabled=not session.may("reconciliation.propose"),
            help="Another person then writes it off",
            on_click=_proposed,
            args=(found, chosen, reason_key),
        )
    head.button(
        _label(chosen, found), key="resolve", type="primary", shortcut="A", disabled=not session.may(permission),
        on_click=_clicked, args=(found, chosen, effect, reason_key),
    )  # fmt: skip
    show(effect)


def _caption(suggestion: Suggestion, position: int) -> str:
    first = "Suggested" if position == 0 else ""
    what = {
        ResolutionKind.MATCH: "laid on the invoice, entry posted",
        ResolutionKind.SPLIT: "laid on several invoices, entry posted",
        ResolutionKind.WRITE_OFF: "beyond the tolerance another person must have asked for it",
        ResolutionKind.CREDIT_NOTE: "another person approves it before it is issued",
        ResolutionKind.REFUND: "another person approves it before it is sent",
        ResolutionKind.BILL_LATE_USAGE: "on a draft of its own, which is reviewed like any other",
        ResolutionKind.CUSTOMER_CREDIT: "the next invoices use it up",
        ResolutionKind.WAIVE: "nothing is posted; it stays waived while the same is at stake",
    }[suggestion.kind]
    guess = "a guess by amount, date or name" if suggestion.guess else ""
    text = "; ".join(part for part in (guess, what) if part)
    return f"{first}: {text}" if first else text[0].upper() + text[1:]


def _label(chosen: Suggestion, found: FindingView) -> str:
    minor = chosen.choice.amount_minor or abs(found.drift_minor)
    figure = f" {document.money(minor, found.currency)} {found.currency}" if minor and found.currency else ""
    return f"{VERBS[chosen.kind]}{figure}"


def _clicked(found: FindingView, chosen: Suggestion, effect: Effect, reason_key: str) -> None:
    """What was shown is what is saved: core compares it and refuses anything else."""
    reason = str(st.session_state.get(reason_key, ""))
    actions.act(
        lambda deed: reconciliation.resolve(
            deed.db,
            deed.actor,
            deed.now,
            finding_id=found.id,
            kind=chosen.kind,
            choice=chosen.choice,
            reason=reason,
            expected=effect,
        ),
        f"Resolved: {effect.sentence}",
    )


def _proposed(found: FindingView, chosen: Suggestion, reason_key: str) -> None:
    reason = str(st.session_state.get(reason_key, ""))
    actions.act(
        lambda deed: reconciliation.propose(
            deed.db, deed.actor, deed.now, finding_id=found.id, reason=reason, choice=chosen.choice
        ),
        "Asked for: another person can write it off now.",
    )


def show(effect: Effect) -> None:
    """What it will do: every item now and after, and the journal entry."""
    widgets.section("What it will do", effect.sentence)
    here = session.here()
    items, entry = widgets.halves(260)
    with items:
        one = {each.currency for each in effect.items}
        rows: list[AnyRow] = []
        for each in effect.items:
            now, after = (document.money(minor, each.currency) for minor in (each.now_minor, each.after_minor))
            unit = "" if len(one) == 1 else f" {each.currency}"
            rows.append((f"{_kind(each.kind)} {each.name}", now + unit, after + unit))
        if rows:
            widgets.sheet(
                (f"Open or left{', ' + one.pop() if len(one) == 1 else ''}", "Now", "After"), rows, num=(1, 2)
            )
    with entry:
        assert here.seller is not None
        journal.draw(effect.lines, f"Journal, {wording.day(here.today, year=False)}", here.seller.functional_currency)


def _kind(kind: str) -> str:
    return {"document": "", "payment": "Payment", "credit": "Credit"}.get(kind, kind.capitalize()).strip()


# ── what happened ───────────────────────────────────────────────────────────────────────────────────────────────────


def _history(detail: FindingDetail) -> None:
    live = next((each for each in detail.resolutions if not each.reverses and not each.reversed_by), None)
    if live is not None and detail.finding.state is FindingState.RESOLVED:
        widgets.section("Resolved", f"{VERBS[live.kind]} by {live.actor}: {live.reason}")
        permission = reconciliation.DEEDS[live.kind].undo_permission
        st.button(
            "Take it back…",
            key="undo",
            shortcut="U",
            disabled=not session.may(permission),
            **dialogs.opens("undo", live),
        )
        if dialogs.asked("undo"):
            dialogs.ask("Take the resolution back?", _undo)
    here = session.here()
    zone = here.seller.timezone if here.seller else "UTC"
    widgets.section("History", zone)
    rows = []
    for event in reversed(detail.events):
        why = str(event.detail.get("reason") or event.detail.get("why") or event.detail.get("sentence") or "")
        rows.append((wording.at(event.at, zone), str(event.kind).capitalize(), event.actor, Cell(why, "faint")))
    widgets.sheet(("When", "What", "By", ""), rows)


def _undo() -> None:
    resolution: reconciliation.ResolutionView = dialogs.about()
    said = str(resolution.effect.get("sentence", VERBS[resolution.kind]))
    dialogs.consequence(f"{said} What it posted is reversed and the finding is open again.")
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Take it back",
        lambda deed: reconciliation.reverse_resolution(
            deed.db, deed.actor, deed.now, resolution_id=resolution.id, reason=reason()
        ),
        "Taken back; the finding is open again.",
    )
