"""Runs: what the jobs did, are doing, and were asked to do.

Owns: job_run (one row per job and slot), job_lease (who may run a job now), job_request ("run now"). Does not own: what a
job does; a job calls verbs of other domains and can be killed anywhere, because what is due is computed from their tables.
Dates: a slot names what the run is for (a day, a file), never when it happened. Instants here are the wall clock's, also on
the demo: leases and heartbeats are about processes.
Invariants: a slot runs at most once at a time; a killed run is taken up again under the same slot with a higher attempt.
"""

from core.runs.model import RunView as RunView
from core.runs.service import LEASE_SECONDS as LEASE_SECONDS
from core.runs.service import claim_requests as claim_requests
from core.runs.service import end_request as end_request
from core.runs.service import fail as fail
from core.runs.service import finish as finish
from core.runs.service import progress as progress
from core.runs.service import release as release
from core.runs.service import renew as renew
from core.runs.service import request as request
from core.runs.service import start as start
from core.runs.service import take_lease as take_lease
from core.runs.store import done_slots as done_slots
from core.runs.store import last_runs as last_runs
from core.runs.store import recent as recent
from core.runs.store import run_of as run_of
from core.runs.store import waiting_requests as waiting_requests
