"""Every refusal and fault of the product, as one tree.

BillingError                what did not happen, by which rule, and what helps; str(error) is that sentence
├── Refused                 a rule refuses a well-formed request
│   ├── NotPermitted        the actor lacks the permission
│   ├── FourEyes            the actor may not approve what rests on their own work
│   ├── PeriodLocked        the accounting period takes no entries
│   ├── Stale               somebody was faster: what was read has changed since
│   └── NotFound            nothing answers to that key
└── BadInput                the input itself is at fault; `faults` holds all of them at once

A Fault is a value, so that rules can collect all of them before anybody raises. Our own mistakes (a float where an
exact number belongs, weights below zero) are no BillingError: they are TypeError, ValueError or an assert.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: a stable code, where it is ("lines[2].quantity", "" for the whole), and why."""

    code: str
    path: str
    sentence: str


class BillingError(Exception):
    """The root: `code` is stable and for programs, `sentence` is for the person at the screen."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence)  # both in args, so that the error survives pickling between processes
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class Refused(BillingError):
    """A rule refuses; nothing was changed."""


class NotPermitted(Refused):
    """The actor's permissions do not cover this verb."""


class FourEyes(Refused):
    """A second person is needed, and this is not a second person."""


class PeriodLocked(Refused):
    """The accounting period that the date names takes no more entries."""


class Stale(Refused):
    """Somebody was faster: load again and decide on what is there now."""


class NotFound(Refused):
    """Nothing answers to that key."""


class BadInput(BillingError):
    """Input with at least one fault; all of them are in `faults`, in the order in which they were found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        if not self.faults:
            raise ValueError("BadInput needs at least one fault")
        super().__init__(self.faults[0].code, " ".join(fault.sentence for fault in self.faults))
        self.args = (self.faults,)

    @classmethod
    def one(cls, code: str, path: str, sentence: str) -> BadInput:
        """The usual case of a single fault."""
        return cls((Fault(code, path, sentence),))
