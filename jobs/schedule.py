"""JOBS, the table: name, how often it looks for work, what it does, and why then. What is due is computed from the database
(and the inbox), never from ticks: a night without the process is made up for when it runs again."""

from jobs import tasks
from jobs.runner import Job

MINUTE = 60

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job(
            "ingest",
            5,
            tasks.files_waiting,
            tasks.ingest,
            "Takes in the files of the inbox. Every few seconds: usage should be seen while it happens.",
        ),
        Job(
            "draft",
            MINUTE,
            tasks.sellers_not_drafted_today,
            tasks.draft,
            "Drafts what fell due, once for each business day: after the day began everything of the day before can be known.",
        ),
        Job(
            "deliver",
            5,
            tasks.messages_waiting,
            tasks.deliver,
            "Sends what waits in the outbox. Every few seconds: a person has just pressed Send.",
        ),
        Job(
            "revenue",
            MINUTE,
            tasks.sellers_not_earned_today,
            tasks.earn,
            "Posts revenue through yesterday and ends the credit that had expired by then, once for each business day, so that "
            "the books show what was earned.",
        ),
        Job(
            "reconcile",
            MINUTE,
            tasks.sellers_not_reconciled_today,
            tasks.reconcile,
            "Runs the checks over the last months, once for each business day, after revenue was posted.",
        ),
        Job(
            "close",
            2,
            tasks.closes_under_way,
            tasks.close_period,
            "Goes on with a close that a person began, step by step; also after it was killed.",
        ),
    )
}
