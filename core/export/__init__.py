"""The export: every fact of the business as one CSV a table, the same bytes from SQLite and PostgreSQL.

Owns: nothing; it reads every table. Does not own: the journal for an accountant (ledger.journal_csv), what the files mean.
Left out: what is random by design (salts, digests, the hashes over them, passwords), and what tells of runs and sign-ins rather
than of the business. Dates: instants are UTC with a Z, days are ISO days.
Invariant: no float; money stays whole numbers of the minor unit, rates are the exact decimals that are stored.
"""

from core.export.service import write as write
from core.export.store import LEFT_OUT as LEFT_OUT
from core.export.store import tables as tables
