"""The next version of a plan, written from one that exists: a price at a time as JSON, faults by path, the calculator live.

Anybody who reads may try; saving is an operator's. What was typed lives in the session until it is saved or begun again.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st

from app import actions, price_calculator, price_reading, price_text, screens, session, widgets, wording, worklist
from app.widgets import Cell
from core import catalog
from core.catalog import MeterView, PlanVersionView, PriceView
from core.db import Session
from core.errors import BadInput
from core.rating import Price, price_from_json

WRITING: Final = "writing"
WRITE: Final = "catalog.write_plan_version"


@dataclass
class _Candidate:
    """What somebody is writing: slot → the text of a price. `begun` is what it started from."""

    begun: dict[int, str]
    texts: dict[int, str] = field(default_factory=dict)
    open: int = 0

    def __post_init__(self) -> None:
        self.texts = dict(self.begun)


def draw(db: Session, view: PlanVersionView, meters: dict[str, MeterView]) -> None:
    candidate = _candidate(db, view)
    slots = list(candidate.texts)
    if candidate.open not in slots:
        candidate.open = slots[0]
    prices, faults = _read(candidate)
    known = {path for path, _ in faults}
    for each in catalog.plan_version_faults(db, seller_id=view.seller_id, prices=prices):
        number = _number(each.path)
        if f"prices[{number}]" not in known:  # what is no JSON has that one fault
            faults.append((each.path, each.sentence))
    _bar(view, candidate, slots, prices, bool(faults))
    left, right = widgets.halves(250)
    slot = candidate.open
    with left:
        key = f"{_key(view)}:text:{slot}"
        if key not in st.session_state:
            st.session_state[key] = candidate.texts[slot]
        st.text_area("The price as JSON", key=key, height=330, on_change=_typed, args=(view, slot, key))
        _faults(faults, slots, candidate)
    price = _price(prices[slots.index(slot)])
    if price is None:
        with right:
            widgets.section("Calculator")
            widgets.text("It comes back as soon as this price can be read.")
        return
    price_calculator.draw(price, meters, f"{_key(view)}:{slot}", right, st.container(gap="small"))
    widgets.section("As it reads", wording.price(price, price.currency))
    price_reading.read(price, meters)


def _key(view: PlanVersionView) -> str:
    return f"{WRITING}:{view.id}"


def _candidate(db: Session, view: PlanVersionView) -> _Candidate:
    found = st.session_state.get(_key(view))
    if found is None:
        products = {product.id: product.code for product in catalog.products(db, view.seller_id)}
        texts = {number: text(price, products[price.product_id]) for number, price in enumerate(view.prices)}
        found = st.session_state[_key(view)] = _Candidate(texts, open=own_first(view)[0])
    return found


def own_first(view: PlanVersionView) -> list[int]:
    """The numbers of its prices, those in the seller's own currency first."""
    own = session.here().seller.functional_currency
    return sorted(range(len(view.prices)), key=lambda number: view.prices[number].currency != own)


def text(view: PriceView, product: str) -> str:
    """The price as one would write it: only what says something."""
    whole = {"code": view.code, "currency": view.currency, "product": product, "value": price_text.value_of(view.price)}
    return price_text.spelled(whole)


def written() -> dict[int, list[dict[str, Any]]]:
    """What somebody is writing in this session, wherever all of it can be read: version it began from → its prices."""
    found = {}
    for key, held in st.session_state.items():
        begun, _, rest = str(key).partition(":")
        if begun == WRITING and rest.isdecimal() and isinstance(held, _Candidate) and held.texts != held.begun:
            prices, faults = _read(held)
            if not faults:
                found[int(rest)] = prices
    return found


# ── reading what was typed ──────────────────────────────────────────────────────────────────────────────────────────


def _read(candidate: _Candidate) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """What every text says ({} where it is no JSON), and (path, sentence) of each that is none."""
    prices, faults = [], []
    for number, typed in enumerate(candidate.texts.values()):
        try:
            prices.append(catalog.read_text(typed, f"prices[{number}]"))
        except BadInput as error:
            prices.append({})
            faults += [(each.path, each.sentence) for each in error.faults]
    return prices, faults


def _price(given: dict[str, Any]) -> Price | None:
    """The value of a price, to try it: also while its code or product is still at fault."""
    value = given.get("value")
    if not isinstance(value, dict):
        return None
    try:
        return price_from_json({"currency": given.get("currency"), **value})
    except BadInput:
        return None


def _number(path: str) -> int:
    inside = path.removeprefix("prices[").partition("]")[0]
    return int(inside) if inside.isdecimal() else -1


def _faults(faults: list[tuple[str, str]], slots: list[int], candidate: _Candidate) -> None:
    """All of them, each with the price that it stands in and its path there."""
    if not faults:
        widgets.text("No fault in any price.", "good")
        return
    rows = []
    for path, sentence in faults:
        number = _number(path)
        name = _named(candidate.texts[slots[number]], number) if number >= 0 else ""
        where = path.partition("]")[2].lstrip(".") if number >= 0 else path
        rows.append((Cell(f"{name} {where}".strip(), "bad"), sentence))
    widgets.section("Faults", wording.count(len(faults), "fault") + " to mend before it can be saved")
    widgets.sheet(("Where", "What is wrong"), rows, widths=("36%", ""))


def _named(typed: str, number: int) -> str:
    try:
        given = catalog.read_text(typed)
    except BadInput:
        return f"price {number + 1}"
    return f"{given.get('code', '?')} in {given.get('currency', '?')}"


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bar(
    view: PlanVersionView, candidate: _Candidate, slots: list[int], prices: list[dict[str, Any]], at_fault: bool
) -> None:
    """Which price is open; copy, leave out, begin again; save."""
    names = {slot: _named(candidate.texts[slot], number) for number, slot in enumerate(slots)}
    key = f"{_key(view)}:open:{len(slots)}:{candidate.open}"
    row = st.container(key="writing-bar", horizontal=True, vertical_alignment="center", gap="small")
    row.selectbox(
        "Price", slots, index=slots.index(candidate.open), key=key, format_func=names.__getitem__,
        label_visibility="collapsed", width=170, on_change=_opened, args=(view, key),
    )  # fmt: skip
    row.button("Copy", key="copy-price", on_click=_copied, args=(view,), help="Another price, begun from this one")
    row.button("Leave out", key="drop-price", on_click=_dropped, args=(view,), disabled=len(slots) == 1)
    row.button("Begin again", key="begin-again", on_click=_begun_again, args=(view,))
    same = list(candidate.texts.values()) == list(candidate.begun.values())
    if not same and not at_fault:
        query = {"plan": f"written-{view.id}"}
        row.page_link(screens.path("what_if"), label="What if…", icon=":material/difference:", query_params=query)
    row.button(
        "Save as draft", key="save-version", type="primary", on_click=_saved, args=(view, prices),
        disabled=at_fault or same or not session.may(WRITE),
    )  # fmt: skip
    if same:
        widgets.text(f"Begun from v{view.version}; nothing differs from it yet.")


def _held(view: PlanVersionView) -> _Candidate:
    found: _Candidate = st.session_state[_key(view)]
    return found


def _typed(view: PlanVersionView, slot: int, key: str) -> None:
    _held(view).texts[slot] = st.session_state[key]


def _opened(view: PlanVersionView, key: str) -> None:
    _held(view).open = st.session_state[key]


def _copied(view: PlanVersionView) -> None:
    held = _held(view)
    slot = max(held.texts) + 1
    held.texts[slot], held.open = held.texts[held.open], slot


def _dropped(view: PlanVersionView) -> None:
    held = _held(view)
    del held.texts[held.open]


def _begun_again(view: PlanVersionView) -> None:
    for key in [key for key in st.session_state if str(key).startswith(_key(view))]:
        del st.session_state[key]


def _saved(view: PlanVersionView, prices: list[dict[str, Any]]) -> None:
    """Callback: the draft opens, where somebody else publishes it."""

    def verb(deed: actions.Deed) -> int:
        return catalog.write_plan_version(deed.db, deed.actor, deed.now, plan_id=view.plan_id, prices=prices)

    written = actions.act(verb, f"Saved the next version of {view.plan_name}; another person publishes it.")
    if written is not None:
        _begun_again(view)
        worklist.go_to("plans", written)
