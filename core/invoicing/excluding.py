"""Usage that is not to be billed, set aside with a reason: what reconciliation calls excluded. Called by its resolutions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session

from core import audit, catalog
from core.errors import BadInput
from core.invoicing import store_charges
from core.invoicing.model import Claim


def exclude_usage(
    session: Session,
    change: audit.Recorder,
    claim: Claim,
    about: Mapping[str, Any],
    reason: str,
    subscription_ids: Iterable[int] = (),
) -> int:
    """Set a charge aside without a document, under the lock that drafting takes. The charge's id.

    `about` holds customer_id, price_id, meter_id, currency, seal_number and rating_version. What is set aside counts as billed for
    everything that is drafted later.
    """
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why this usage is not billed; it stays on record.")
    catalog.lock_subscriptions(session, subscription_ids)
    charge_id = store_charges.set_aside(session, change.id, claim, about, reason)
    change.note(
        "charge", charge_id, after={"quantity": claim.quantity, "amount_minor": claim.amount_minor}, reason=reason
    )
    return charge_id


def include_usage(
    session: Session, change: audit.Recorder, charge_id: int, reason: str, subscription_ids: Iterable[int] = ()
) -> None:
    """Undo it: the charge is released, and the usage is billed with the next draft."""
    catalog.lock_subscriptions(session, subscription_ids)
    store_charges.release_set_aside(session, change.id, charge_id, "included again")
    change.note("charge", charge_id, after={"released": True}, reason=reason)
