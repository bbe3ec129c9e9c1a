"""Pairs that one person may not hold for the same item: one table (domain.md section 13), and the rule over it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import FourEyes
from core.people.permissions import Actor


@dataclass(frozen=True)
class Pair:
    """Who did `first` for an item may not do `second` for it."""

    first: str
    second: str


PAIRS: Mapping[str, Pair] = {
    "enter": Pair("entered by hand what it rests on", "approve it"),
    "record_cash": Pair("recorded the cash", "write it off"),
    "request_write_off": Pair("requested the write-off", "approve it"),
    "request_refund": Pair("requested the refund", "approve it"),
    "write_price": Pair("wrote the price", "publish it"),
    "change_bank_details": Pair("changed the bank details", "release them"),
    "write_rule": Pair("wrote the rule", "approve it"),
    "request_reopening": Pair("requested the reopening", "approve it"),
    "request_resolution": Pair("proposed the resolution", "approve it"),
    "prepare_migration": Pair("prepared the migration", "apply it"),
    "request_credit": Pair("entered the credit note", "approve it"),
}


def four_eyes(pair: str, first_logins: Iterable[str], actor: Actor) -> None:
    """Refuse with FourEyes where the actor is among those who did the first half of the pair for this item."""
    if actor.login in set(first_logins):
        halves = PAIRS[pair]
        raise FourEyes(
            "four_eyes",
            f"Not done: {actor.name} {halves.first} and may not also {halves.second}. Somebody else has to.",
        )
