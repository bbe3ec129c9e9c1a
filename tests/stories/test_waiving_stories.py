"""Stories of usage that is given up: never billed, and nothing earned of it. Sums worked by hand, both databases."""

from sqlalchemy import Engine

from core import invoicing, reconciliation
from core.invoicing import LineKind
from core.reconciliation import ResolutionKind
from tests.support import story as told
from tests.support.business import ABEL, ANNA
from tests.support.hold import hold
from tests.support.story import D, Story

FEBRUARY, MARCH, APRIL = D("2024-02-01"), D("2024-03-01"), D("2024-04-01")


def begin(engine: Engine) -> Story:
    """February is billed with 1,000 requests at 0.001: 1.00. Then 2,000 more of February arrive: 2.00."""
    story = told.begin(engine, FEBRUARY)
    story.join("acme", "requests", FEBRUARY)
    story.use("acme", "api.requests", D("2024-02-20"), ("2024-02-03T12:00:00Z", 1_000))
    assert story.bill(MARCH).total_minor == 100
    story.use("acme", "api.requests", D("2024-03-04"), ("2024-02-10T12:00:00Z", 2_000), ("2024-03-02T12:00:00Z", 500))
    story.earn(D("2024-03-04"), D("2024-03-05"))
    assert earned(story) == 350  # 1.00 + 2.00 + 0.50 of March
    return story


def earned(story: Story) -> int:
    return -story.balance("revenue_usage", D("2024-04-30"))


def test_late_usage_waived_on_its_draft_earns_nothing(engine: Engine) -> None:
    story = begin(engine)
    [draft] = story.draft(APRIL)
    [late] = [line for line in draft.lines if line.kind is LineKind.LATE]
    assert late.amount_minor == 200
    with story.deed(APRIL) as (session, now):
        invoicing.waive_usage(session, ANNA, now, draft.id, late.line_no, "our outage delayed them")
    assert [line.amount_minor for line in story.see(draft.id).lines] == [50]
    story.earn(D("2024-04-01"), D("2024-04-02"))
    assert earned(story) == 150
    assert story.balance("unbilled", D("2024-04-30")) == 50
    hold(engine)


def test_usage_waived_as_a_finding_earns_nothing_until_that_is_taken_back(engine: Engine) -> None:
    story = begin(engine)
    [finding] = [one for one in story.check(D("2024-03-05")) if one.drift_minor == 200]
    with story.deed(D("2024-03-05")) as (session, now):
        done = reconciliation.resolve(
            session, ABEL, now, finding_id=finding.id, kind=ResolutionKind.WAIVE, reason="our own delay"
        )
    story.earn(D("2024-03-05"), D("2024-03-06"))
    assert earned(story) == 150
    hold(engine)
    with story.deed(D("2024-03-06")) as (session, now):
        reconciliation.reverse_resolution(session, ABEL, now, resolution_id=done, reason="it is theirs after all")
    story.earn(D("2024-03-06"), D("2024-03-07"))
    assert earned(story) == 350
    assert [line.amount_minor for line in story.bill(APRIL).lines] == [50, 200]
    hold(engine)
