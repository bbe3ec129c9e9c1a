"""Reading plain JSON field by field while collecting every fault, so that a person sees all of them at once.

A Reader stands on one JSON object. Each method returns a usable value whatever it finds (the default where the field is
at fault), and writes what is wrong to the list that all readers of one input share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from core.errors import BadInput, Fault
from core.money import parse_decimal

Word = TypeVar("Word", bound=StrEnum)


def spelled(words: Iterable[object]) -> str:
    """ "a, b or c" for a sentence; JSON spelling for true and false."""
    names = [str(word).lower() if isinstance(word, bool) else str(word) for word in words]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


class Reader:
    """One JSON object at `path`, and the faults found so far in the whole input."""

    def __init__(self, obj: object, path: str = "", faults: list[Fault] | None = None) -> None:
        self.path = path
        self.faults: list[Fault] = [] if faults is None else faults
        self.fields: Mapping[str, Any] = {}
        if isinstance(obj, Mapping):
            self.fields = obj
        else:
            self.faults.append(Fault("not_an_object", path, "An object with named fields is needed here."))

    def at(self, name: str) -> str:
        """The path of one field, as in "tiers[1].up_to"."""
        return f"{self.path}.{name}" if self.path and name else self.path or name

    def fault(self, code: str, name: str, sentence: str) -> None:
        self.faults.append(Fault(code, self.at(name), sentence))

    def has(self, name: str) -> bool:
        """True where the field is there and not null."""
        return self.fields.get(name) is not None

    def refuse_unknown(self, known: Iterable[str], code: str = "unknown_field") -> None:
        """Every field that nobody would read is a fault: a misspelt one must not be ignored silently."""
        names = sorted(known)
        for name in self.fields:
            if name not in names:
                self.fault(code, str(name), f"There is no field {str(name)!r} here; known are {', '.join(names)}.")

    def finish(self) -> None:
        """Raise BadInput if anything was wrong."""
        if self.faults:
            raise BadInput(self.faults)

    # ── one field ───────────────────────────────────────────────────────────────────────────────────────────────────

    def needed(self, name: str, what: str) -> bool:
        """True if the field is there, else a fault that says what is missing."""
        if not self.has(name):
            self.fault("field_missing", name, f"{name!r} is missing: {what}.")
        return self.has(name)

    def decimal(self, name: str, default: Decimal | None = None) -> Decimal | None:
        """An exact decimal from text or from a JSON whole number."""
        value = self.fields.get(name)
        if value is None:
            return default
        if type(value) is int:
            value = str(value)
        if not isinstance(value, str):
            sentence = f'{name!r} must be a number written as text, such as "0.10", not {value!r}.'
            self.fault("not_exact", name, sentence)
            return default
        try:
            return parse_decimal(value, self.at(name))
        except BadInput as error:
            self.faults.extend(error.faults)
            return default

    def decimals(self, name: str) -> list[Decimal]:
        """A list of exact decimals; what is at fault in it is left out."""
        value = self.fields.get(name)
        if not isinstance(value, list):
            self.fault("not_a_list", name, f"{name!r} must be a list of numbers.")
            return []
        items = Reader({f"{name}[{position}]": item for position, item in enumerate(value)}, self.path, self.faults)
        found = [items.decimal(item) for item in items.fields if items.needed(item, "a number")]
        return [number for number in found if number is not None]

    def amount(self, name: str, default: Decimal, least: int | None = 0, above: int | None = None) -> Decimal:
        """A decimal within limits: at least `least`, more than `above`."""
        value = self.decimal(name, default)
        assert value is not None
        if above is not None and value <= above:
            self.fault("out_of_range", name, f"{name!r} must be more than {above}, not {value}.")
            return default
        if least is not None and value < least:
            self.fault("negative", name, f"{name!r} may not be below {least}, but is {value}.")
            return default
        return value

    def word(self, name: str, words: type[Word], default: Word | None = None) -> Word | None:
        """One word of an enum."""
        value = self.fields.get(name)
        if value is None:
            if default is None:
                self.fault("field_missing", name, f"{name!r} is missing; it is one of {spelled(words)}.")
            return default
        try:
            return words(value)
        except ValueError:
            self.fault("unknown_word", name, f"{name!r} cannot be {value!r}; it is one of {spelled(words)}.")
            return default

    def text(self, name: str, default: str = "") -> str:
        value = self.fields.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fault("not_text", name, f"{name!r} must be a text, not {value!r}.")
            return default
        return value

    def whole(self, name: str, default: int) -> int:
        value = self.fields.get(name)
        if value is None:
            return default
        if type(value) is not int:
            self.fault("not_whole", name, f"{name!r} must be a whole number, not {value!r}.")
            return default
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.fields.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault("not_a_flag", name, f"{name!r} must be true or false, not {value!r}.")
            return default
        return value

    def day(self, name: str) -> date | None:
        """A day such as 2024-02-29; None and a fault for anything else."""
        value = self.fields.get(name)
        with suppress(ValueError):  # the same sentence as for anything else that is no day
            if isinstance(value, str) and len(value) == len("2024-02-29"):
                return date.fromisoformat(value)
        self.fault("not_a_date", name, f'{name!r} must be a day such as "2024-02-29", not {value!r}.')
        return None

    def object(self, name: str) -> Reader:
        """A reader on the object in that field; on an empty one where it is absent."""
        value = self.fields.get(name)
        return Reader({} if value is None else value, self.at(name), self.faults)

    def objects(self, name: str) -> list[Reader]:
        """A reader for each object of the list in that field."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault("not_a_list", name, f"{name!r} must be a list.")
            return []
        return [Reader(item, f"{self.at(name)}[{number}]", self.faults) for number, item in enumerate(value)]
