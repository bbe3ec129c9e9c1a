"""Close: the checklist of a period, closing, locking, reopening, and the evidence that stays.

Owns: close_task (the checklist), period_close (one row a version: journal hash, seal, actor). Does not own: what a step does;
each is a verb or report of another domain, and STEPS is their order. The period's row itself is moved by core.ledger.
Dates: a period is closed on a business day on or after its end; nothing of it is dated later than its last day.
Invariants: L4 no close version ever changes; a close resumes where it was killed, for each step is one transaction that its
task records; while a period is closing only the close posts into it; reopening takes the latest locked period, a reason and
two persons.
"""

from core.close.model import STEPS as STEPS
from core.close.model import CloseView as CloseView
from core.close.model import StepSpec as StepSpec
from core.close.model import TaskView as TaskView
from core.close.reports import checklist as checklist
from core.close.reports import closes as closes
from core.close.reports import closing as closing
from core.close.reports import next_to_close as next_to_close
from core.close.reports import reopening_requests as reopening_requests
from core.close.run import run_close as run_close
from core.close.service import approve_reopening as approve_reopening
from core.close.service import begin_close as begin_close
from core.close.service import give_up as give_up
from core.close.service import request_reopening as request_reopening
from core.close.service import retry as retry
