"""The paper of a document: an issued one from its frozen copy, rendered once and kept; a draft's as a preview."""

from __future__ import annotations

from sqlmodel import Session

from core import audit, catalog
from core.invoicing import copy, store, store_blobs
from core.invoicing.copy import DocumentCopy
from core.invoicing.copying import copy_of
from core.invoicing.parties import Parties
from core.invoicing.pdf import render

PDF = "application/pdf"


def shown_copy(session: Session, head: store.Head) -> DocumentCopy:
    """The frozen copy, or what it would be of a draft."""
    if head.frozen_copy is not None:
        return copy.from_json(head.frozen_copy)
    on = max(head.bill_on, catalog.party(session, head.account_id, None).valid_from)
    return copy_of(
        store.body(session, head), *Parties(session, head.seller_id, [head.account_id], on).of(head.account_id)
    )


def pdf(session: Session, document_id: int) -> bytes:
    """The bytes that were kept when the document was sent, else the same document rendered; a draft says that it is one."""
    kept = store_blobs.attached(session, "document", document_id, PDF)
    return kept[1] if kept else render(shown_copy(session, store.head(session, document_id)))


def keep_pdf(session: Session, change: audit.Recorder, head: store.Head) -> str:
    """Render an issued document once and keep the bytes; returns their SHA-256."""
    kept = store_blobs.attached(session, "document", head.id, PDF)
    if kept:
        return kept[0]
    content = render(shown_copy(session, head))
    return store_blobs.attach(session, change.id, "document", head.id, file_name(head), content, PDF)


def file_name(head: store.Head) -> str:
    return f"{head.number or 'draft-' + str(head.id)}.pdf".replace("/", "-")
