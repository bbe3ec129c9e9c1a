"""Doors: the rules of the business asked from the shell, one JSON object in, one out. Nothing is saved.

Owns: the JSON of each question and answer, one module a door. Does not own: any rule; a door calls the very functions
that billing uses. A refusal is `refusal(error)` and exit code 2. docs/doors.md shows each door with its example.
"""

from core.doors.invoice import invoice_document
from core.doors.prorate import prorate_document
from core.doors.rate import rate_document, refusal
from core.doors.reading import question

__all__ = ["invoice_document", "prorate_document", "question", "rate_document", "refusal"]
