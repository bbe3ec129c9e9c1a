"""Cash that came in: what is unapplied is a queue of work; each payment with where it goes; what waits for a second person."""

import pandas as pd
import streamlit as st

from app import (
    actions,
    dialogs,
    document,
    filters,
    messages,
    payment_pane,
    payment_requests,
    payment_steps,
    session,
    widgets,
    wording,
    worklist,
)
from app.engine import reading
from core import catalog, payments
from core.money import exponent

KEY = "payments"
here = session.here()
assert here.seller is not None
seller = here.seller
with reading() as db:
    waiting = payments.count(db, seller.id, left=True)
    refunds, write_offs = payment_requests.waiting(db, seller.id)
    bar = widgets.page_title("Payments", f"{seller.name} · {wording.count(waiting, 'payment')} with unapplied cash")
    found = filters.find(bar, "Payer or reference", width=150, hint="Payer, reference")
    asked = len(refunds) + len(write_offs)
    shows = {"unapplied": f"Unapplied {waiting}", "all": "All", "requests": f"Requests {asked}"}
    show = filters.choose(bar, "Show", shows, "show")
    bar.button(
        "Record…",
        key="record",
        icon=":material/add:",
        **session.offered("payments.record"),
        **dialogs.opens("record"),
    )
    if dialogs.asked("record"):
        dialogs.ask("Record a payment", lambda: payment_steps.record(db))
    payment_requests.questions()
    if show == "requests":
        actions.told()
        payment_requests.draw(db, refunds, write_offs)
        st.stop()
    at = worklist.cursor(KEY, (seller.id, found, show))
    page = payments.page(db, seller.id, left=show == "unapplied", search=found, after=at, limit=worklist.PAGE)
    names = catalog.parties(db, {row.account_id for row in page.rows if row.account_id}, None)
    places = max((exponent(row.currency) for row in page.rows), default=2)

    def who(row: payments.PaymentView) -> str:
        return names[row.account_id].name if row.account_id in names else row.payer or "unknown payer"

    def state(row: payments.PaymentView) -> tuple[str, str]:
        if row.left_minor:
            return ("Unapplied", "orange") if row.account_id else ("Whose?", "red")
        return wording.PAYMENT_STATES[row.state]

    frame = pd.DataFrame(
        {
            "id": [row.id for row in page.rows],
            "received": [wording.day(row.received_on) for row in page.rows],
            "who": [who(row) for row in page.rows],
            "amount": [document.aligned(row.amount_minor, row.currency, places) for row in page.rows],
            "left": [
                document.aligned(row.left_minor, row.currency, places) if row.left_minor else "" for row in page.rows
            ],
            "currency": [row.currency for row in page.rows],
            "state": [[state(row)[0]] for row in page.rows],
            "reference": [row.reference for row in page.rows],
        }
    )
    chips = wording.words(wording.PAYMENT_STATES) | {"Unapplied": "orange", "Whose?": "red"}
    columns = {
        "who": widgets.text_col("Payer", 118),
        "state": widgets.chips_col("State", chips, 88),
        "amount": widgets.money_col("Amount", 84),
        "left": widgets.money_col("Unapplied", 84),
        "currency": widgets.text_col("", 44),
        "received": widgets.text_col("Received", 84),
        "reference": widgets.text_col("Reference", 110),
    }
    rarer = "amount" if show == "unapplied" else "left"
    columns[rarer] = columns.pop(rarer)  # the figure that the list is about stands first
    left, right = widgets.panes(KEY)
    with left:
        chosen = worklist.work_list(frame, KEY, columns, following=page.following, alt="Payments of the seller.")
        paged = at is not None or page.following is not None
        worklist.pager(
            KEY, payments.count(db, seller.id, left=show == "unapplied", search=found) if paged else len(page.rows)
        )
        if frame.empty and found:
            messages.nothing_matches("payment", found, lambda: filters.clear("find", "show"))
        elif frame.empty:
            why = "Every payment is laid on invoices. New ones are recorded here, or come from the bank."
            messages.empty("No cash is unapplied." if show == "unapplied" else "No payment yet.", why)
    if chosen is None:
        st.stop()
    view = payments.payment(db, chosen)
    name = catalog.party(db, view.account_id, None).name if view.account_id else view.payer or "unknown payer"
    with right:
        head = widgets.pane_head(name, state(view), f"{view.reference} · {wording.age(view.received_on, here.today)}")
        worklist.walk(head, KEY)
        payment_steps.buttons(head, view)
        payment_steps.head(db, view, name)
        actions.told()
        payment_pane.figures(view, name)
        if view.left_minor and view.account_id is not None:
            planned = payment_pane.preview(db, view, seller.functional_currency)
            if planned is not None:
                plan, wanted = planned
                shown = payment_steps.amount(plan.left_before_minor - plan.left_after_minor, plan.currency)
                head.button(
                    f"Allocate {shown}", key="allocate", type="primary", shortcut="A", **session.offered("payments.allocate"),
                    on_click=actions.act, args=(payment_pane.allocate(view, plan, wanted), f"Allocated {shown} of {name}."),
                )  # fmt: skip
        elif view.left_minor:
            widgets.text(
                "Nobody knows yet whose it is: assign it to an account, then it can pay that account's invoices."
            )
        payment_pane.uses(db, view)
