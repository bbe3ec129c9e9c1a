"""What a draft is computed from is held while it is written: the account's subscriptions, then what its contracts commit to."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from core import catalog
from core.invoicing import store


def hold(session: Session, account_ids: Iterable[int]) -> None:
    """Lock them in order of ids; whoever changes one of them comes before or after."""
    wanted = sorted(set(account_ids))
    catalog.lock_subscriptions(session, store.subscriptions_of(session, wanted))
    catalog.lock_committed(session, wanted)
