"""What a customer's contracts commit to: how far each has come, and adding or ending one with what that bills."""

from collections.abc import Callable

import streamlit as st
from sqlmodel import Session

from app import dialogs, document, messages, previews, session, widgets, wording
from app.actions import Deed
from app.widgets import AnyRow, Cell, Chip, Row
from core import catalog, invoicing
from core.catalog import AddCommitment, CommitmentFact, CommitmentView, ContractView, CustomerRow, EndCommitment
from core.invoicing import CommitmentProgress
from core.money import Money, parse_decimal

PERIODS = {(1, "year"): "a year", (3, "month"): "a quarter", (1, "month"): "a month"}
WINDOWS = {"none": "the whole period", "day": "each day by itself", "hour": "each hour by itself"}
PARTS = {"prorated": "its share of the days", "whole": "all of it"}


def draw(db: Session, row: CustomerRow) -> None:
    party = catalog.party(db, row.account_id, None)
    contracts = catalog.contracts(db, party.seller_id, row.account_id)
    found = invoicing.commitment_progress(db, row.account_id, session.here().today)
    offered = session.offered("catalog.change_commitment", where=bool(contracts))
    with st.container(horizontal=True):
        st.button("Commit to an amount…", key="add-commitment", **offered, **dialogs.opens("add-commitment"))
        for one in found:
            if one.view.ends_on > session.here().today:
                st.button(
                    f"End {one.view.code}…", key=f"end-commitment-{one.view.id}",
                    **session.offered("catalog.change_commitment"), **dialogs.opens("end-commitment", one.view.id),
                )  # fmt: skip
    if not found:
        messages.empty(
            "Nothing is committed to.",
            "An amount that a contract owes over a period, used or not: what is missing is billed when the period is over.",
        )
    for one in found:
        _one(one)
    if dialogs.asked("add-commitment"):
        dialogs.ask(f"What does {row.name} commit to?", lambda: _adding(row, party.seller_id, contracts), width="large")
    for one in found:
        if dialogs.asked("end-commitment") and dialogs.about() == one.view.id:
            dialogs.ask(f"End {one.view.code}?", lambda view=one.view: _ending(view), width="large")


def _one(progress: CommitmentProgress) -> None:
    view, step, currency = progress.view, progress.step, progress.view.currency
    held = step.fact if step else view.facts[-1]
    widgets.section(view.code, f"{view.says(held)} · contract {view.contract_number} · billed as {view.product_name}")
    if step is not None:
        figures: list[widgets.Figure] = [
            (
                "Counted",
                document.money(progress.counted_minor, currency) + f" {currency}",
                f"since {wording.day(step.days.start)}",
            ),
            (
                "Missing",
                document.money(progress.missing_minor, currency),
                f"by use so far, billed on {wording.day(step.days.end)}",
            ),
        ]
        if held.overage_factor != 1:
            figures.append(
                ("Beyond it, more", document.money(progress.more_minor, currency), f"× {held.overage_factor}")
            )
        widgets.strip(figures)
    rows: list[AnyRow] = [_piece(view, piece) for piece in view.pieces]
    widgets.sheet(("From", "Until", "Amount", "Counts", "Beyond it", ""), rows)


def _piece(view: CommitmentView, piece: CommitmentFact) -> AnyRow:
    today = session.here().today
    counts = ", ".join((*piece.products, *piece.prices)) or "all that is metered"
    state = Chip("Past", "gray") if piece.ends_on <= today else Chip("In force", "green")
    if piece.starts_on > today:
        state = Chip("Scheduled", "blue")
    beyond = "as it is" if piece.overage_factor == 1 else f"× {piece.overage_factor}"
    amount = view.says(piece) if piece.amount_minor else "taken back"
    return Row(
        (wording.day(piece.starts_on), wording.day(piece.ends_on), amount, Cell(counts, "faint"), beyond, state), ""
    )


def _adding(row: CustomerRow, seller_id: int, contracts: list[ContractView]) -> None:
    def fields(db: Session) -> Callable[[], AddCommitment]:
        products = {one.code: one.name for one in catalog.products(db, seller_id)}
        views = catalog.subscriptions(db, account_ids=[row.account_id])
        usual = views[0].currency if views else catalog.seller(db, seller_id).functional_currency
        dialogs.consequence(
            "What is missing when a period is over is billed then. Whoever adds it cannot approve what rests on it."
        )
        first, second = st.columns(2)
        with first:
            contract = dialogs.pick("Contract", {one.id: one.number for one in contracts})
            code = dialogs.line("Code", hint="platform-2026", path="code")
            amount = dialogs.line("Amount", path="amount_minor")
            currency = dialogs.line("Currency", usual, path="currency")
            period = dialogs.pick("Owed for", PERIODS, path="every")
            window = dialogs.pick("Counted over", WINDOWS, path="window")
        with second:
            since = dialogs.day("From", session.here().today, path="starts_on")
            until = dialogs.maybe_day(
                "First day without it", help="Left empty: the end of the contract's term", path="ends_on"
            )
            product = dialogs.pick("Billed as", products, path="product")
            counted = dialogs.many("Counts (empty: all metered)", products, path="products")
            factor = dialogs.line("Beyond it, times", "1", path="overage_factor")
            part = dialogs.pick("Of a part of a period", PARTS, path="part_period")
        reason = dialogs.line("Reason", path="reason")

        def asked() -> AddCommitment:
            every, unit = period()
            return AddCommitment(
                contract(),
                code().strip(),
                Money.parse(amount(), currency().strip(), "amount_minor").minor,
                currency().strip(),
                since(),
                product(),
                reason().strip(),
                until(),
                every,
                unit,
                products=tuple(counted() or ()),
                overage_factor=parse_decimal(factor(), "overage_factor"),
                part_period=part(),
                window=window(),
            )

        return asked

    previews.body(previews.Change(row.id, fields, _look, _save, "Committed; the first period bills at its end."))


def _ending(view: CommitmentView) -> None:
    def fields(_db: Session) -> Callable[[], EndCommitment]:
        dialogs.consequence(f"Ended on its first day, {wording.day(view.starts_on)}, it never was.")
        day, reason = (
            dialogs.day("First day without it", session.here().today, path="ends_on"),
            dialogs.line("Reason", path="reason"),
        )
        return lambda: EndCommitment(view.id, day(), reason().strip())

    about = view.id, view.contract_version
    previews.body(previews.Change(about, fields, _look, _save, f"{view.code} ends there.", "End it"))


def _look(db: Session, asked: AddCommitment | EndCommitment) -> list[invoicing.Preview]:
    return [invoicing.preview_commitment(db, previews.now(), asked)]


def _save(deed: Deed, asked: AddCommitment | EndCommitment) -> None:
    catalog.change_commitment(deed.db, deed.actor, deed.now, asked=asked)
