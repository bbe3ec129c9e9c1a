"""Every SQL statement about rejections. Raw input is kept as text where text can hold it, and as a blob where it cannot."""

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from core.errors import Fault
from core.metering.model import Rejected, RejectionState
from core.metering.store import insert_ignoring, parts
from core.tables.documents import Blob
from core.tables.metering import IngestBatch, UsageRejection

RAW_TEXT_MAX = 16_384
BLOB = "blob:"
FAULTS_SHOWN = 100


def save_rejections(session: Session, batch_id: int, seller_id: int, rejected: Sequence[tuple[Rejected, str]]) -> None:
    """Rejected input with its group key. What text cannot hold, or is large, is kept as a blob."""
    rows = []
    for item, group in rejected:
        rows.append(
            {
                "batch_id": batch_id,
                "position": item.position[:80],
                "seller_id": seller_id,
                "raw": _raw_text(session, item.raw),
                "faults": [{"code": f.code, "path": f.path, "sentence": f.sentence} for f in item.faults],
                "group_key": group,
                "state": RejectionState.OPEN,
                "settled_by": "",
                "reason": "",
            }
        )
    if rows:
        session.execute(insert(UsageRejection), rows)


def _raw_text(session: Session, raw: bytes) -> str:
    plain = raw.decode("utf-8", "ignore")
    if len(raw) <= RAW_TEXT_MAX and plain.encode() == raw and "\x00" not in plain and not plain.startswith(BLOB):
        return plain
    digest = hashlib.sha256(raw).hexdigest()
    session.execute(
        insert_ignoring(session, Blob),
        [{"sha256": digest, "content": raw, "media_type": "application/octet-stream", "size": len(raw)}],
    )
    return BLOB + digest


def raw_bytes(session: Session, raw: str) -> bytes:
    """The raw input of a rejection, as it came."""
    if not raw.startswith(BLOB):
        return raw.encode()
    content = session.execute(select(col(Blob.content)).where(col(Blob.sha256) == raw.removeprefix(BLOB))).scalar_one()
    return bytes(content)


def lock_rejections(session: Session, ids: Iterable[int]) -> list[tuple[UsageRejection, IngestBatch]]:
    """These rejections with their batches, locked in the order of their ids."""
    found: list[tuple[UsageRejection, IngestBatch]] = []
    for part in parts(ids):
        rows = session.execute(
            select(UsageRejection, IngestBatch)
            .join(IngestBatch, col(IngestBatch.id) == col(UsageRejection.batch_id))
            .where(col(UsageRejection.id).in_(part))
            .order_by(col(UsageRejection.id))
            .with_for_update(of=UsageRejection)
            .execution_options(populate_existing=True)
        )
        found.extend((rejection, batch) for rejection, batch in rows)
    return found


def settle_rejections(
    session: Session, ids: Iterable[int], state: RejectionState, by: str, reason: str, replay_batch_id: int | None
) -> None:
    for part in parts(ids):
        session.execute(
            update(UsageRejection)
            .where(col(UsageRejection.id).in_(part))
            .values(state=state, settled_by=by, reason=reason, replay_batch_id=replay_batch_id)
            .execution_options(synchronize_session=False)
        )


def read_fault(said: dict[str, str]) -> Fault:
    return Fault(said["code"], said["path"], said["sentence"])


def first_faults(session: Session, batch_id: int) -> tuple[Fault, ...]:
    """The faults that the answer to a delivery named."""
    rows = session.execute(
        select(col(UsageRejection.faults))
        .where(col(UsageRejection.batch_id) == batch_id)
        .order_by(col(UsageRejection.id))
        .limit(FAULTS_SHOWN)
    ).scalars()
    return tuple(read_fault(said) for row in rows for said in row)[:FAULTS_SHOWN]


def faults_of(session: Session, batch_id: int) -> dict[str, tuple[Fault, ...]]:
    """Every rejection of a batch: where it stood, and the faults that its answer named."""
    rows = session.execute(
        select(col(UsageRejection.position), col(UsageRejection.faults)).where(col(UsageRejection.batch_id) == batch_id)
    )
    return {position: tuple(map(read_fault, faults)) for position, faults in rows}
