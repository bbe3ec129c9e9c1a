"""The steps of a true-up as rows: what was committed to, what counted towards it, what is missing or lies beyond."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from app import wording
from app.widgets import Cell, Row

Step = Mapping[str, Any]
Figure = Callable[[str | None], str]


def _committed(step: Step, figure: Figure) -> list[Row]:
    part = f", {step['share']} of the period" if step["result"] != step["amount"] else ""
    return [Row((f"Committed to{part}", "", figure(step["amount"]) if part else "", figure(step["result"])), "open")]


def _counted(step: Step, figure: Figure) -> list[Row]:
    rows = []
    for each in step["charges"]:
        start, end = (date.fromisoformat(day) for day in each["days"].split("/"))
        rows.append(Row((f"{each['what']}, {wording.days(start, end)}", "", figure(each["amount"]), ""), "faint open"))
    return [*rows, Row((Cell("Counts towards it", colspan=3), f"{wording.MINUS}{figure(step['result'])}"))]


def _windows(step: Step, figure: Figure) -> list[Row]:
    rows = [Row((f"Committed to for each {step['unit']}", wording.amount(step["windows"]), figure(step["amount"]), ""))]
    if step["quiet"]:
        rows.append(Row(("Of them nothing was used in", wording.amount(step["quiet"]), "", ""), "faint open"))
    for each in step["used"]:
        said = f"{figure(each['shortfall'])} missing" if each["shortfall"] != "0" else ""
        said = f"{figure(each['more'])} more beyond" if each["more"] != "0" else said
        rows.append(Row((each["window"], "", figure(each["amount"]), said), "faint open"))
    return rows


def rows(figure: Figure) -> Mapping[str, Callable[[Step], list[Row]]]:
    """A step of a true-up → its rows."""
    return {
        "committed": lambda step: _committed(step, figure),
        "counted": lambda step: _counted(step, figure),
        "committed_windows": lambda step: _windows(step, figure),
        "shortfall": lambda step: [Row((Cell("Missing, and owed", colspan=3), figure(step["result"])))],
        "overage_factor": lambda step: [
            Row(
                (
                    "Beyond it, times the factor less one",
                    figure(step["beyond"]),
                    figure(step["factor"]),
                    figure(step["result"]),
                )
            )
        ],
    }
