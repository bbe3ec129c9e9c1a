"""The screen of the jobs: their last runs, what they say when they fail, and `Run now`."""

import pytest
from streamlit.testing.v1 import AppTest

from app import wording
from core import db, runs
from jobs.schedule import JOBS
from tests.support.desk import desk_at, markup, open_page, told


@pytest.mark.parametrize("login", ["mira", "ada", "tom"])
def test_staff_see_every_job_with_its_last_run(desk_url: str, login: str) -> None:
    at = open_page(desk_at(desk_url, login), "jobs")
    assert told(at) == []
    shown = at.dataframe[0].value
    assert shown["name"].tolist() == [name for name, _ in wording.JOBS.values()]
    assert [chip[0] if len(chip) else "" for chip in shown["state"]] == ["", "Finished", "", "Failed", "Running", ""]


def test_a_manager_is_told_who_may(desk_url: str) -> None:
    assert "Jobs is open to the roles administrator, approver and operator." in markup(
        open_page(desk_at(desk_url, "vera"), "jobs")
    )


def walked(at: AppTest, steps: int) -> AppTest:
    """J, so many times."""
    for _ in range(steps):
        at = at.button(key="jobs:down").click().run()
    return at


def test_a_failed_run_says_why_and_a_running_one_how_far_it_is(desk_url: str) -> None:
    at = walked(open_page(desk_at(desk_url, "mira"), "jobs"), 3)
    assert "No rate from EUR to USD on 2024\\-03\\-04" in told(at)[0]
    at = walked(at, 1)
    assert "8 of 21" in str(at.get("progress")[0].proto.text)


def test_run_now_leaves_a_request_that_the_jobs_process_takes(desk_url: str) -> None:
    at = walked(open_page(desk_at(desk_url, "mira"), "jobs"), 1)
    at.button(key="run").click().run()
    assert told(at) == []
    with db.reading(db.make_engine(desk_url)) as session:
        (asked,) = runs.waiting_requests(session)
    assert (asked.job, asked.requested_by) == ("draft", "mira")
    assert "1 request" in markup(at)


def test_an_administrator_cannot_press_run(desk_url: str) -> None:
    assert open_page(desk_at(desk_url, "tom"), "jobs").button(key="run").disabled


def test_every_scheduled_job_has_its_words() -> None:
    assert list(wording.JOBS) == list(JOBS)
