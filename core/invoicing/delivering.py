"""Delivery through the outbox: a message is asked for once, sent at least once and recorded exactly once.

`send` writes the message with the PDF that was rendered once. Then, each in a transaction of its own: `claim` says that it may
be on its way, the transport sends it, `record_sent` says that it went. Whoever dies in between leaves a message that says it may
have been sent; it is sent again under the same Message-ID, and its record says that it may have gone twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Engine
from sqlmodel import Session

from core import audit, db, faults
from core.errors import BadInput, Refused
from core.invoicing import mail, store, store_outbox
from core.invoicing.copy import DocumentCopy
from core.invoicing.mail import Attachment, MaybeSent, NotSent, Receipt, Transport
from core.invoicing.pdf_words import TITLES, day
from core.invoicing.printing import file_name, keep_pdf, shown_copy
from core.invoicing.store_outbox import Message
from core.money import format_money
from core.people.permissions import Actor, job
from core.settings import settings
from core.words import DocumentKind, DocumentStatus, OutboxState

SEND = faults.fault_point("invoicing.deliver.send")
LEASE = timedelta(minutes=10)
"""So long a claimed message is left to whoever claimed it."""

ATTEMPTS = 8
PAUSES = (1, 5, 15, 60, 240, 720, 1440)
"""Minutes until the next attempt, after the first, second … one."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Claimed:
    """A message that this process may send; `repeated` says that an earlier attempt may have reached the recipient."""

    message: Message
    repeated: bool


def send(
    session: Session, actor: Actor, now: datetime, document_id: int, recipient: str = "", again: bool = False
) -> int:
    """Put an issued document into the outbox, for the account's address if no other is given. Returns the message's id.

    The same document to the same address is one message, however often this is asked for; `again` sends it anew.
    """
    change = audit.begin(session, actor, now, "invoicing.send")
    head = store.head(session, document_id, lock=True)
    if head.status not in (DocumentStatus.ISSUED, DocumentStatus.CANCELLED) or head.frozen_copy is None:
        raise Refused("not_issued", f"Not sent: {head.name} is {head.status.replace('_', ' ')}. Issue it first.")
    address = (recipient or shown_copy(session, head).account.email).strip()
    if not address:
        raise BadInput.one("no_address", "recipient", "The account has no e-mail address; enter one, or give one here.")
    copies = store_outbox.count(session, document_id, address) if again else 0
    key = f"document:{document_id}:{head.copy_hash[:16]}:{address}"[:110] + (f":{copies}" if copies else "")
    known = store_outbox.of_key(session, key)
    if known is not None:
        return known
    sha256 = keep_pdf(session, change, head)
    message_id = store_outbox.add(session, key, document_id, address, sha256, change.id)
    compose(session, store_outbox.lock(session, message_id))  # an address that nobody can write to is refused here
    change.note("document", document_id, after={"message": message_id, "recipient": address, "pdf": sha256})
    return message_id


def messages_due(session: Session, now: datetime) -> list[Message]:
    """What waits to be sent, and what may have been sent and was never recorded, oldest first."""
    return store_outbox.due(session, now)


def claim(session: Session, actor: Actor, now: datetime, message_id: int) -> Claimed | None:
    """From here on the message may have been sent. None where somebody else has it or it went already."""
    change = audit.begin(session, actor, now, "invoicing.deliver")
    message = store_outbox.lock(session, message_id)
    if message.state not in (OutboxState.WAITING, OutboxState.MAYBE_SENT):
        return None
    if message.next_attempt_at is not None and message.next_attempt_at > now:
        return None
    values = {"state": OutboxState.MAYBE_SENT, "attempts": message.attempts + 1, "next_attempt_at": now + LEASE}
    store_outbox.change(session, message_id, **values)
    change.note("outbox", message_id, before={"state": message.state}, after=values)
    return Claimed(store_outbox.lock(session, message_id), message.state is OutboxState.MAYBE_SENT)


def record_sent(session: Session, actor: Actor, now: datetime, claimed: Claimed, receipt: Receipt) -> None:
    """That it went; a second record of the same message is nothing."""
    change = audit.begin(session, actor, now, "invoicing.deliver")
    message = store_outbox.lock(session, claimed.message.id)
    if message.state is OutboxState.SENT:
        return
    store_outbox.add_delivery(
        session,
        outbox_id=message.id,
        transport=receipt.transport,
        recipient=message.recipient,
        message_id=receipt.reference[:200],
        sent_at=now,
        maybe_repeated=claimed.repeated,
        change_id=change.id,
    )
    store_outbox.change(session, message.id, state=OutboxState.SENT, next_attempt_at=None, last_error="")
    change.note("outbox", message.id, before={"state": message.state}, after={"state": OutboxState.SENT})


def record_failed(session: Session, actor: Actor, now: datetime, claimed: Claimed, error: NotSent | MaybeSent) -> None:
    """That it did not go, or that nobody knows; it is tried again after a pause, unless that cannot help."""
    change = audit.begin(session, actor, now, "invoicing.deliver")
    message = store_outbox.lock(session, claimed.message.id)
    if message.state is OutboxState.SENT or message.attempts != claimed.message.attempts:
        return
    maybe = claimed.repeated or isinstance(error, MaybeSent)
    over = message.attempts >= ATTEMPTS or (isinstance(error, NotSent) and error.permanent)
    state = OutboxState.MAYBE_SENT if maybe else OutboxState.WAITING
    pause = timedelta(minutes=PAUSES[min(message.attempts, len(PAUSES)) - 1])
    values = {
        "state": OutboxState.FAILED if over else state,
        "next_attempt_at": None if over else now + pause,
        "last_error": error.sentence,
    }
    store_outbox.change(session, message.id, **values)
    change.note("outbox", message.id, before={"state": message.state}, after=values)


def retry(session: Session, actor: Actor, now: datetime, message_id: int) -> None:
    """Let a message that failed, or that is waiting, be sent at once."""
    change = audit.begin(session, actor, now, "invoicing.send")
    message = store_outbox.lock(session, message_id)
    if message.state is OutboxState.SENT:
        raise Refused("sent_already", f"Not sent again: message {message_id} went. Send the document anew instead.")
    state = OutboxState.WAITING if message.state is OutboxState.FAILED else message.state
    store_outbox.change(session, message_id, state=state, next_attempt_at=None)
    change.note("outbox", message_id, before={"state": message.state}, after={"state": state})


# ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────────────


def deliver_waiting(
    engine: Engine, transport: Transport, now: datetime, progress: Progress | None = None, actor: Actor | None = None
) -> int:
    """Send everything that is due, one message after the other; how many went."""
    actor, sent = actor or job("deliver"), 0
    with db.reading(engine) as session:
        waiting = messages_due(session, now)
    for position, message in enumerate(waiting, 1):
        sent += _deliver(engine, transport, now, actor, message.id)
        if progress:
            progress(position, len(waiting))
    return sent


def _deliver(engine: Engine, transport: Transport, now: datetime, actor: Actor, message_id: int) -> bool:
    with db.transaction(engine, now, "invoicing.deliver.claim") as session:
        claimed = claim(session, actor, now, message_id)
    if claimed is None:
        return False
    try:
        letter = _composed(engine, claimed.message)
        with SEND:
            receipt = transport.send(letter, claimed.message.key)
    except (NotSent, MaybeSent) as error:
        with db.transaction(engine, now, "invoicing.deliver.record") as session:
            record_failed(session, actor, now, claimed, error)
        return False
    with db.transaction(engine, now, "invoicing.deliver.record") as session:
        record_sent(session, actor, now, claimed, receipt)
    return True


def _composed(engine: Engine, message: Message) -> EmailMessage:
    with db.reading(engine) as session:
        try:
            return compose(session, message)
        except BadInput as error:
            raise NotSent("mail.unwritable", error.sentence, permanent=True) from error


def compose(session: Session, message: Message) -> EmailMessage:
    """The e-mail of an outbox row: the same for every attempt."""
    assert message.document_id is not None, message
    head = store.head(session, message.document_id)
    shown = shown_copy(session, head)
    content = store_outbox.content_of(session, message.blob_sha256)
    return mail.compose(
        dedupe_key=message.key,
        sender=settings().smtp_sender,
        sender_name=shown.seller.name,
        recipients=[message.recipient],
        reply_to=shown.seller.email,
        subject=f"{TITLES[shown.kind]} {shown.number} from {shown.seller.name}",
        text=_text(shown),
        written_at=message.asked_at,
        attachments=[Attachment(file_name(head), content)],
    )


def _text(shown: DocumentCopy) -> str:
    figure = format_money(abs(shown.totals.due_minor), shown.currency)
    what = TITLES[shown.kind].lower()
    lines = [f"Dear {shown.account.attention or shown.account.name},", ""]
    if shown.kind is DocumentKind.INVOICE:
        due = f", due by {day(shown.due_date)}" if shown.due_date and shown.totals.due_minor else ""
        lines.append(f"please find attached {what} {shown.number} over {figure}{due}.")
    else:
        lines.append(f"please find attached {what} {shown.number} over {figure}.")
    return "\n".join([*lines, "", "Kind regards", shown.seller.name, ""])
