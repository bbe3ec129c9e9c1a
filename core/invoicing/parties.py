"""Seller and account as documents show them on a day, with a hash that tells when either changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date

from sqlmodel import Session

from core import catalog
from core.audit import canonical, plain
from core.catalog.views import PartyView, SellerView
from core.errors import NotFound


class Parties:
    """A seller and its accounts, read once for all drafts of a chunk."""

    def __init__(self, session: Session, seller_id: int, account_ids: Iterable[int], on: date) -> None:
        self.seller: SellerView = catalog.seller(session, seller_id, on)
        account_ids = set(account_ids)
        self._parties = catalog.parties(session, account_ids, on)
        self._texts = catalog.account_settings(
            session, "invoice_text", seller_id=seller_id, account_ids=account_ids, on=on
        )
        self._seller_text = plain(asdict(self.seller))

    def party(self, account_id: int) -> PartyView:
        if account_id not in self._parties:
            raise NotFound("no_such_account", f"There is no account {account_id} on that day.")
        return self._parties[account_id]

    def of(self, account_id: int) -> tuple[SellerView, PartyView]:
        """The seller as its documents for that account show it, with the text that goes under their totals."""
        text = "\n".join(filter(None, (str(self._texts[account_id]), str(self.seller.texts.get("closing_text", "")))))
        shown = replace(self.seller, texts={**self.seller.texts, "closing_text": text}) if text else self.seller
        return shown, self.party(account_id)

    def hash_of(self, account_id: int) -> str:
        """The same as long as nothing that a document would show of either has changed."""
        told = [self._seller_text, plain(asdict(self.party(account_id))), self._texts[account_id]]
        return hashlib.sha256(canonical(told)).hexdigest()
