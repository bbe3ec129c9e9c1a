"""What people lay over a draft: lines, edits, notes, and usage that is not to be billed. The draft is computed again with it.

Inputs are rows of their own and survive every recomputation; one that no longer applies is a flag on the draft. Whoever
enters one cannot approve the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from core import audit, catalog, ledger, revenue
from core.clock import Period, local_date
from core.errors import BadInput, Fault, NotFound, Refused, Stale
from core.invoicing import store, store_charges, store_inputs
from core.invoicing.drafting import recompute
from core.invoicing.locking import hold
from core.invoicing.model import BodyLine, Cause, ChargeKind, Claim, InputKind, LineKind
from core.money import exact_text, to_parts
from core.people.permissions import Actor
from core.words import DocumentStatus, SubjectKind

DESCRIPTION_MAX = 500


def add_line(
    session: Session,
    actor: Actor,
    now: datetime,
    document_id: int,
    *,
    customer_id: int,
    product_id: int,
    description: str,
    service: Period,
    amount_minor: int,
    reason: str,
    quantity: Decimal = Decimal(1),
    unit: str = "",
) -> int:
    """Add a line by hand, negative for a concession. Returns the input's id."""
    change = audit.begin(session, actor, now, "invoicing.edit")
    return add_line_within(
        session,
        change,
        document_id,
        customer_id=customer_id,
        product_id=product_id,
        description=description,
        service=service,
        amount_minor=amount_minor,
        reason=reason,
        quantity=quantity,
        unit=unit,
    )


def add_line_within(
    session: Session,
    change: audit.Recorder,
    document_id: int,
    *,
    customer_id: int,
    product_id: int,
    description: str,
    service: Period,
    amount_minor: int,
    reason: str,
    quantity: Decimal = Decimal(1),
    unit: str = "",
    credit: Mapping[str, Any] | None = None,
) -> int:
    """As `add_line`, within the verb of somebody who may; `credit` is what the line sells, if that is credit."""
    head = _open_draft(session, document_id)
    faults = _line_faults(description, reason)
    customers = {found.id: found for found in catalog.customers(session, seller_id=head.seller_id)}
    products = {found.id: found for found in catalog.products(session, head.seller_id)}
    if customer_id not in customers or customers[customer_id].account_id != head.account_id:
        faults.append(Fault("no_such_customer", "customer_id", "The line needs a customer of the billed account."))
    if product_id not in products:
        faults.append(Fault("no_such_product", "product_id", "The line needs a product of the seller."))
    if amount_minor == 0:
        faults.append(Fault("amount_is_zero", "amount_minor", "A line of nothing bills nothing; write a note instead."))
    if faults:
        raise BadInput(faults)
    to_parts(quantity)
    value = {
        "customer_id": str(customer_id),
        "product_id": str(product_id),
        "description": description.strip(),
        "service_start": service.start.isoformat(),
        "service_end": service.end.isoformat(),
        "quantity": exact_text(Fraction(quantity)),
        "unit": unit,
        "amount_minor": str(amount_minor),
        "tax_category": products[product_id].tax_category.value,
        **({"credit": dict(credit)} if credit else {}),
    }
    return _lay(session, change, head, InputKind.LINE, "", value, None, reason)


def edit_line(
    session: Session,
    actor: Actor,
    now: datetime,
    document_id: int,
    line_no: int,
    *,
    reason: str,
    amount_minor: int | None = None,
    description: str | None = None,
) -> int:
    """Give a computed line another amount or text. The edit holds for that line with the amount that was seen."""
    change = audit.begin(session, actor, now, "invoicing.edit")
    head = _open_draft(session, document_id)
    line = _line(session, head, line_no)
    if line.input_id is not None:
        raise Refused("by_hand_already", f"Not edited: line {line_no} was added by hand. Withdraw it and add it anew.")
    faults = _line_faults(line.description if description is None else description, reason)
    if amount_minor is None and description is None:
        faults.append(Fault("nothing_changed", "", "Say what the line should say: another amount or another text."))
    if amount_minor is not None and amount_minor * line.amount_minor < 0:
        faults.append(Fault("sign_changed", "amount_minor", "An edit keeps a charge a charge and a credit a credit."))
    if faults:
        raise BadInput(faults)
    value: dict[str, str] = {}
    if amount_minor is not None:
        value["amount_minor"] = str(amount_minor)
    if description is not None:
        value["description"] = description.strip()
    original = {"amount_minor": str(computed_minor(line)), "description": line.description}
    return _lay(session, change, head, InputKind.EDIT, str(line.explanation["key"]), value, original, reason)


def computed_minor(line: BodyLine) -> int:
    """The amount before any edit."""
    return line.amount_minor - int(line.explanation.get("edit", {}).get("moved_minor", "0"))


def add_note(session: Session, actor: Actor, now: datetime, document_id: int, text: str, reason: str) -> int:
    """A text that is printed above the lines."""
    change = audit.begin(session, actor, now, "invoicing.edit")
    head = _open_draft(session, document_id)
    faults = _line_faults(text, reason)
    if faults:
        raise BadInput(faults)
    return _lay(session, change, head, InputKind.NOTE, "", {"text": text.strip()}, None, reason)


def withdraw_input(session: Session, actor: Actor, now: datetime, document_id: int, input_id: int, reason: str) -> None:
    """Take a line, edit or note off again; it stays on record."""
    change = audit.begin(session, actor, now, "invoicing.edit")
    head = _open_draft(session, document_id)
    known = {made.id: made for made in store_inputs.inputs(session, [document_id]).get(document_id, ())}
    if input_id not in known:
        raise NotFound("no_such_input", f"{head.name} has no input {input_id} in force.")
    store_inputs.withdraw_input(session, input_id, actor.login)
    change.note("document", document_id, before={"input": input_id, **known[input_id].value}, reason=reason)
    recompute(session, change, head)


def waive_usage(session: Session, actor: Actor, now: datetime, document_id: int, line_no: int, reason: str) -> int:
    """Never bill the usage or commitment of this line: a charge of kind waived takes its place, with quantity, amount and reason.

    It counts as billed for everything that is drafted later, earns nothing, and is what reconciliation calls excluded.
    """
    change = audit.begin(session, actor, now, "invoicing.waive_usage")
    seller = catalog.seller(session, store.head(session, document_id).seller_id)
    today = local_date(now, seller.timezone)
    ledger.open_periods(session, seller.id, today)  # locked before anything else
    head = _open_draft(session, document_id)
    line = _line(session, head, line_no)
    committed = line.explanation.get("commitment")
    if committed is None and (line.item_id is None or line.kind not in (LineKind.LATE, LineKind.USAGE)):
        sentence = (
            f"Not waived: line {line_no} of {head.name} bills no usage and no commitment. Edit its amount instead."
        )
        raise Refused("not_usage", sentence)
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why this usage is not billed; it stays on record.")
    store_charges.release(session, change.id, [document_id], "recomputed")
    store.clear(session, [document_id])
    store.set_document(session, document_id, settings={**head.settings, "fingerprint": ""})
    cause = Cause(
        Period.parse(str(line.explanation["cadence_period"])),
        str(committed["terms_hash"] if committed else line.explanation["price_hash"]),
        f"waived {change.id}",
    )
    claim = Claim(
        SubjectKind.COMMITMENT if committed else SubjectKind.ITEM,
        int(committed["id"]) if committed else line.item_id or 0,
        ChargeKind.WAIVED,
        line.service,
        str(cause),
        Fraction(0 if committed else line.quantity),
        line.exact,
        computed_minor(line),
    )
    about = {
        "customer_id": line.customer_id,
        "price_id": line.price_id,
        "meter_id": line.meter_id,
        "currency": head.currency,
        "seal_number": head.seal,
        "rating_version": line.rating_version,
    }
    charge_id = store_charges.set_aside(session, change.id, claim, about, reason)
    _earn_nothing(session, change, seller.id, line, today, claim.amount_minor, charge_id)
    after = {"charge": charge_id, "quantity": line.quantity, "amount_minor": claim.amount_minor}
    change.note("document", document_id, before={"line_no": line_no}, after=after, reason=reason)
    recompute(session, change, store.head(session, document_id))
    return charge_id


def _earn_nothing(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    line: BodyLine,
    today: date,
    amount_minor: int,
    charge_id: int,
) -> None:
    cause = f"waived:{charge_id}"
    if line.explanation.get("commitment"):
        revenue.waive_commitment(
            session,
            change,
            seller_id=seller_id,
            contract_id=int(line.explanation["commitment"]["contract_id"]),
            code=str(line.explanation["obligation"]),
            on=today,
            amount_minor=amount_minor,
            cause=cause,
        )
        return
    revenue.waive_usage(
        session,
        change,
        seller_id=seller_id,
        item_id=line.item_id or 0,
        service=line.service,
        on=today,
        amount_minor=amount_minor,
        cause=cause,
    )


# ── shared ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _open_draft(session: Session, document_id: int) -> store.Head:
    """The draft, under the locks that its recomputation takes: subscriptions, then the document."""
    head = store.head(session, document_id)
    hold(session, [head.account_id])
    head = store.head(session, document_id, lock=True)
    if head.status is not DocumentStatus.DRAFT:
        raise Stale(
            "not_a_draft",
            f"Not changed: {head.name} is {head.status.replace('_', ' ')}. Whoever reviews it can return it to draft.",
        )
    if head.refers_to_id is not None:
        raise Refused("twin_is_fixed", f"Not changed: {head.name} takes back an invoice as a whole and mirrors it.")
    return head


def _line(session: Session, head: store.Head, line_no: int) -> BodyLine:
    found = next((line for line in store.body(session, head).lines if line.line_no == line_no), None)
    if found is None:
        raise NotFound("no_such_line", f"{head.name} has no line {line_no}.")
    return found


def _line_faults(text: str, reason: str) -> list[Fault]:
    faults = []
    if not text.strip():
        faults.append(Fault("text_missing", "description", "It needs a text that the customer understands."))
    if len(text) > DESCRIPTION_MAX:
        faults.append(Fault("text_too_long", "description", f"The text has more than {DESCRIPTION_MAX} characters."))
    if not reason.strip():
        faults.append(Fault("reason_missing", "reason", "Say why this is done by hand; the approver reads it."))
    return faults


def _lay(
    session: Session,
    change: audit.Recorder,
    head: store.Head,
    kind: InputKind,
    target: str,
    value: Mapping[str, Any],
    original: Mapping[str, Any] | None,
    reason: str,
) -> int:
    """Store the input and compute the draft again."""
    input_id = store_inputs.add_input(
        session,
        {
            "document_id": head.id,
            "seq": store_inputs.next_input_seq(session, head.id),
            "kind": kind,
            "target": target,
            "value": dict(value),
            "original": None if original is None else dict(original),
            "reason": reason.strip(),
            "actor": change.actor.login,
            "withdrawn_by": "",
            "change_id": change.id,
        },
    )
    change.note(
        "document", head.id, before=dict(original or {}) or None, after={"input": input_id, **value}, reason=reason
    )
    recompute(session, change, head)
    return input_id
