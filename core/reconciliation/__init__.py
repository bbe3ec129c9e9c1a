"""Reconciliation: what should be the same on two sides and is not, and what people did about it.

Owns: recon_run, finding, finding_event, resolution, match. Does not own: what a resolution changes (payments, invoicing and the
ledger do that, called by `resolve`), invariants of the rows themselves (core.invariants), the close that findings may block.
Dates: a run takes the items of either side dated in its range, with their counterparts wherever they lie, as of a seal, and judges
them on a day of the seller. `first_seen_on` is that day of the run that found it first.
Identity: a finding is its check and its subject. A run updates, closes or reopens it and never doubles it. What a person waived
stays waived while the same is at stake.
Invariants: R3 accepted = billed + unbilled + excluded · L3 control accounts tie · a resolution posts what its preview showed, once,
and taking it back leaves the books as they were.
"""

from core.reconciliation.checks import CHECKS as CHECKS
from core.reconciliation.checks import Check as Check
from core.reconciliation.checks import Comparison as Comparison
from core.reconciliation.checks import checks as checks
from core.reconciliation.deeds import DEEDS as DEEDS
from core.reconciliation.matching import propose as propose_matches  # noqa: F401
from core.reconciliation.model import Allocation as Allocation
from core.reconciliation.model import Choice as Choice
from core.reconciliation.model import Effect as Effect
from core.reconciliation.model import EventView as EventView
from core.reconciliation.model import FindingDetail as FindingDetail
from core.reconciliation.model import FindingState as FindingState
from core.reconciliation.model import FindingView as FindingView
from core.reconciliation.model import ItemChange as ItemChange
from core.reconciliation.model import ResolutionKind as ResolutionKind
from core.reconciliation.model import ResolutionView as ResolutionView
from core.reconciliation.model import RunResult as RunResult
from core.reconciliation.model import RunRow as RunRow
from core.reconciliation.model import Suggestion as Suggestion
from core.reconciliation.reports import Waiting as Waiting
from core.reconciliation.reports import at_stake as at_stake
from core.reconciliation.reports import blocking as blocking
from core.reconciliation.reports import counts as counts
from core.reconciliation.reports import finding as finding
from core.reconciliation.reports import findings as findings
from core.reconciliation.reports import runs as runs
from core.reconciliation.reports import waiting as waiting
from core.reconciliation.resolving import preview as preview
from core.reconciliation.resolving import propose as propose
from core.reconciliation.resolving import resolve as resolve
from core.reconciliation.resolving import reverse_resolution as reverse_resolution
from core.reconciliation.service import run as run
from core.reconciliation.service import run_within as run_within
