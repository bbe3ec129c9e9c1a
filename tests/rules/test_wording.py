"""Words, dates and figures as the screen says them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app import wording
from core import words


@pytest.mark.parametrize(
    ("value", "signed", "says"),
    [
        (Decimal("1234.56"), False, "1,234.56"),
        (Decimal("-1234.56"), False, "−1,234.56"),  # U+2212, not a hyphen
        (Decimal("0.00"), True, "0.00"),  # a difference of nothing has no sign
        (Decimal("13.4"), True, "+13.4"),
        (Decimal("90071992547409.93"), False, "90,071,992,547,409.93"),  # a double would say .94
        (-1200, False, "−1,200"),
    ],
)
def test_amounts_keep_every_digit_and_a_true_minus(value: Decimal | int, signed: bool, says: str) -> None:
    assert wording.amount(value, signed=signed) == says


def test_amounts_of_several_currencies_line_up_at_their_points() -> None:
    # JPY has no point: it gets a point's width and three figures'; EUR one figure's; KWD nothing
    figure, point = "\u2007", "\u2008"
    assert wording.aligned(Decimal("288177"), 3) == f"288,177{point}{figure * 3}"
    assert wording.aligned(Decimal("6792.08"), 3) == f"6,792.08{figure}"
    assert wording.aligned(Decimal("142.316"), 3) == "142.316"
    assert wording.aligned(Decimal("288177"), 0) == "288,177"


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        (date(2024, 2, 1), date(2024, 3, 1), "1 – 29 Feb 2024"),  # half-open in code, the last day on the screen
        (date(2024, 2, 14), date(2024, 2, 15), "14 Feb 2024"),
        (date(2024, 1, 31), date(2024, 2, 29), "31 Jan – 28 Feb 2024"),
        (date(2023, 12, 28), date(2024, 1, 4), "28 Dec 2023 – 3 Jan 2024"),
    ],
)
def test_a_period_is_said_with_its_last_day(start: date, end: date, says: str) -> None:
    assert wording.days(start, end) == says


def test_dates_and_times_are_said_as_people_write_them() -> None:
    assert wording.day(date(2026, 11, 22)) == "22 Nov 2026"
    assert wording.day(date(2026, 11, 22), weekday=True) == "Sunday 22 November 2026"
    assert wording.day(None) == ""
    assert wording.month(date(2024, 2, 1)) == "February 2024"
    assert wording.at(datetime(2024, 3, 4, 23, 30, tzinfo=UTC), "Europe/Berlin") == "5 Mar 2024 00:30"
    assert wording.age(date(2024, 3, 4), date(2024, 3, 5)) == "yesterday"
    assert wording.age(date(2024, 2, 23), date(2024, 3, 5)) == "11 days"  # 2024 has a 29 February
    assert [wording.duration(s) for s in (41, 60, 251, 7500)] == ["41 s", "1 min", "4 min 11 s", "2 h 5 min"]
    assert [wording.count(n, "entry", "entries") for n in (1, 34)] == ["1 entry", "34 entries"]


def test_a_name_from_outside_cannot_format_the_screen() -> None:
    assert wording.plain("*Star* [Ltd](x)") == "\\*Star\\* \\[Ltd\\]\\(x\\)"


@pytest.mark.parametrize(
    ("table", "enum"),
    [
        (wording.DOCUMENT_STATES, [*words.DocumentStatus, *words.SettlementState]),
        (wording.FLAGS, words.FlagKind),
        (wording.FINDING_STATES, words.FindingState),
        (wording.PAYMENT_STATES, words.PaymentState),
        (wording.PERIOD_STATES, words.PeriodState),
        (wording.TASK_STATES, words.TaskState),
        (wording.RUN_STATES, words.RunState),
        (wording.DELIVERY_STATES, words.OutboxState),
        (wording.REJECTION_STATES, words.RejectionState),
        (wording.ROLES, words.Role),
    ],
)
def test_every_state_that_a_column_stores_has_its_word(table: dict[str, object], enum: list[str]) -> None:
    assert set(table) == {str(member) for member in enum}
