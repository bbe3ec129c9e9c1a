"""Invariants: what domain.md section 14 says must hold, checked on the live database, with the offenders listed.

Owns: the table INVARIANTS and the reads behind it. Does not own: the rules themselves; a check here reads the tables afresh and
never calls the verb whose work it judges. Writes nothing.
Dates: none of its own; what is judged is everything that the session sees.
"""

from core.invariants.model import Invariant as Invariant
from core.invariants.model import Judged as Judged
from core.invariants.model import Offender as Offender
from core.invariants.service import INVARIANTS as INVARIANTS
from core.invariants.service import judge as judge
from core.invariants.service import judge_all as judge_all
