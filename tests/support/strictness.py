"""What a run could not do: named at its end, and a failure under COUNTINGHOUSE_TEST_STRICT=1 (what CI sets).

A test that lacks something on this machine calls `cannot_run(reason)`, or takes a fixture that does. Under the strict flag
every skip is a failure, whatever its reason.
"""

import os
from collections import Counter
from collections.abc import Generator
from typing import Any, NoReturn

import pytest

CANNOT_RUN = "could not run here: "


def strict() -> bool:
    return os.environ.get("COUNTINGHOUSE_TEST_STRICT", "") not in ("", "0")


def cannot_run(reason: str) -> NoReturn:
    """Skip this test, with a reason that the end of the run prints."""
    pytest.skip(CANNOT_RUN + reason)


def _reason(report: Any) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ").removeprefix(CANNOT_RUN)


def _refuse_skips(report: Any) -> None:
    if report.outcome == "skipped" and strict() and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped, which strict runs refuse: {_reason(report)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skips(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skips(report)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if not hasattr(report, "wasxfail")]
    if skipped:
        terminalreporter.section("Could not be run here", sep="-")
        for reason, tests in Counter(_reason(report) for report in skipped).most_common():
            terminalreporter.write_line(f"{tests} test{'s' * (tests > 1)}: {reason}")
