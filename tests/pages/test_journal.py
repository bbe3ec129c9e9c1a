"""The journal entry beside a preview: it balances before the eyes of whoever clicks, also across currencies."""

from streamlit.testing.v1 import AppTest


def drawn(source: str) -> str:
    at = AppTest.from_string(source, default_timeout=60).run()
    assert not at.exception
    return "\n".join(str(each.proto.body) for each in at.get("html"))


def test_an_exchange_difference_stands_with_the_sums_of_the_whole_entry_in_the_currency_of_the_books() -> None:
    # 100.00 CAD that stood at 74.00 USD settle a receivable that stood at 73.00 USD: 1.00 USD is gained
    seen = drawn(
        """
from app import journal
from core.ledger import AccountRole, Line
journal.draw([Line(AccountRole.UNAPPLIED_CASH, 10000, "CAD", 7400), Line(AccountRole.RECEIVABLE, -10000, "CAD", -7300),
              Line(AccountRole.FX_REALISED, 0, "CAD", -100)], "Journal", "USD")
"""
    )
    assert '<td>CAD</td><td class="n">100.00</td><td class="n">100.00</td>' in seen
    assert 'realised</td><td class="n"></td><td class="n">1.00</td>' in seen
    assert '<td>All of it in USD</td><td class="n">74.00</td><td class="n">74.00</td>' in seen


def test_where_nothing_is_posted_it_says_so() -> None:
    assert "No journal entry" in drawn("from app import journal; journal.draw([], 'Journal', 'USD')")
