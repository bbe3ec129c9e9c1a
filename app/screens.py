"""SCREENS, the table of screens: to add one, write pages/NAME.py and add its row here.

The order is the order of the work; sections are kinds of work. A screen that a role may not see keeps its place in the
navigation and says who may (app/main.py): nobody is sent silently elsewhere.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.words import Role

PAGES: Final = Path(__file__).resolve().parent.parent / "pages"
EVERYBODY: Final = frozenset(Role)
STAFF: Final = EVERYBODY - {Role.VIEWER}


@dataclass(frozen=True)
class Screen:
    """`name` is its place in the address and its file; `roles` may see it (what each may do is core's to say).

    A screen of `panes` calls actions.told() under the head of its open item, where the click was.
    """

    name: str
    title: str
    icon: str
    section: str = ""
    roles: frozenset[Role] = EVERYBODY
    panes: bool = False

    @property
    def file(self) -> Path:
        return PAGES / f"{self.name}.py"


SCREENS: Final = (
    Screen("today", "Today", ":material/today:"),
    Screen("usage", "Usage", ":material/data_usage:", "Bill", panes=True),
    Screen("review", "Review", ":material/fact_check:", "Bill", panes=True),
    Screen("invoices", "Invoices", ":material/receipt_long:", "Bill", panes=True),
    Screen("customers", "Customers", ":material/apartment:", "Bill", panes=True),
    Screen("catalog", "Catalog", ":material/sell:", "Bill", panes=True),
    Screen("what_if", "What-if", ":material/difference:", "Bill", panes=True),
    Screen("payments", "Payments", ":material/payments:", "Settle", panes=True),
    Screen("reconciliation", "Reconciliation", ":material/compare_arrows:", "Settle", panes=True),
    Screen("close", "Close", ":material/lock_clock:", "Settle"),
    Screen("revenue", "Revenue", ":material/trending_up:", "Measure"),
    Screen("jobs", "Jobs", ":material/schedule:", "Run", STAFF, panes=True),
    Screen("settings", "Settings", ":material/tune:", "Run", panes=True),
    Screen(
        "migration",
        "Migration",
        ":material/move_to_inbox:",
        "Run",
        frozenset({Role.OPERATOR, Role.APPROVER}),
        panes=True,
    ),
    Screen("invariants", "Invariants", ":material/balance:", "Run"),
    Screen("api_keys", "API keys", ":material/key:", "Run", frozenset({Role.ADMINISTRATOR}), panes=True),
    Screen("audit", "Audit log", ":material/history:", "Run", frozenset({Role.APPROVER, Role.ADMINISTRATOR})),
)

BY_NAME: Final = {screen.name: screen for screen in SCREENS}


def path(name: str) -> Path:
    """What `st.page_link` and `st.switch_page` want: path("review")."""
    return BY_NAME[name].file
