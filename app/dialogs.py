"""Questions before a step that is not simply taken back: the dialog repeats number, amount and consequence.

    head.button("Issue…", **dialogs.opens("issue"))
    …
    if dialogs.asked("issue"):
        dialogs.ask("Issue 1,234.56 EUR?", lambda: _issue(view))

and in the body: `reason = dialogs.line("Reason")` for what is typed, then `dialogs.answer("Issue", verb, done)`, where the
verb reads `reason()`. The step is taken in one transaction by app/actions.py; a refusal is shown in the dialog, which
stays open, and what was typed is kept. What is asked lives in the session, so that one dialog is open at most.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import streamlit as st

from app import actions, session, widgets
from app.widgets import AnyRow

ASKED: Final = "asked"
T = TypeVar("T")


def opens(name: str, about: Any = None) -> dict[str, Any]:
    """What a button needs to open the dialog; `about` is handed to it (a line, a settlement)."""
    return {"on_click": _open, "args": (name, about)}


def asked(name: str) -> bool:
    found = st.session_state.get(ASKED)
    return found is not None and found[0] == name


def about() -> Any:
    """What the open dialog is about."""
    return st.session_state[ASKED][1]


def ask(title: str, body: Callable[[], None], *, width: str = "small", above: Callable[[], None] | None = None) -> None:
    """Draw the open dialog. Its inputs are one form, so that Enter is its button; what stands `above` acts at once, such as
    a choice that decides which inputs there are."""

    def draw() -> None:
        if ASKED not in st.session_state:
            st.rerun()  # it was answered: the page shows what came of it
        actions.told()
        if above is not None:
            above()
        with st.form(f"dialog-{_number()}", border=False):
            body()

    st.dialog(title, width=width, on_dismiss=close)(draw)()


def consequence(sentence: str, rows: Sequence[AnyRow] = ()) -> None:
    """The figures that the step is about, and what it does."""
    if rows:
        widgets.sheet(("", ""), rows, num=(1,))
    widgets.text(sentence)


def line(
    label: str, value: str = "", *, help: str | None = None, hint: str = "", path: str = "", about: str = ""
) -> Callable[[], str]:
    """A line of text; gives the way to what was typed. `path` is what core calls the field where it refuses it; another thing
    that it is `about` begins with its own value."""
    return _input(label, value, lambda key: st.text_input(label, key=key, help=help, placeholder=hint), path, about)


def text(label: str, value: str, *, about: str = "", height: int = 260, path: str = "") -> Callable[[], str]:
    """Several lines."""
    return _input(label, value, lambda key: st.text_area(label, key=key, height=height), path, about)


def pick(
    label: str, options: Mapping[T, str], *, help: str | None = None, path: str = "", about: str = ""
) -> Callable[[], T]:
    return _input(
        label,
        next(iter(options)),
        lambda key: st.selectbox(label, list(options), key=key, format_func=options.__getitem__, help=help),
        path,
        about,
    )


def many(label: str, options: Mapping[T, str], *, path: str = "") -> Callable[[], list[T]]:
    """Some of them, or none."""
    return _input(
        label,
        None,
        lambda key: st.multiselect(label, list(options), key=key, format_func=options.__getitem__, placeholder="all"),
        path,
    )


def means(path: str, label: str) -> None:
    """What core calls `path` in its refusals is this on the screen."""
    st.session_state.setdefault(session.FIELDS, {})[path] = label


def chosen(label: str, first: T) -> T:
    """What stands in another input of the dialog, such as a choice above the form."""
    found: T = st.session_state.get(f"dialog-{_number()}:{label}", first)
    return found


def day(label: str, value: date, *, path: str = "") -> Callable[[], date]:
    return _input(label, value, lambda key: st.date_input(label, key=key, format="YYYY-MM-DD"), path)


def maybe_day(label: str, *, help: str | None = None, path: str = "") -> Callable[[], date | None]:
    """A day, or none."""
    return _input(label, None, lambda key: st.date_input(label, None, key=key, format="YYYY-MM-DD", help=help), path)


def answer(
    label: str, verb: Callable[[actions.Deed], T], done: str | Callable[[T], str], *, disabled: bool = False
) -> None:
    """The dialog's button: what it does, with the amount."""
    st.form_submit_button(
        label, key=f"answer-{_number()}", type="primary", on_click=_answered, args=(verb, done), disabled=disabled
    )


def close() -> None:
    st.session_state.pop(ASKED, None)
    st.session_state.pop(session.FIELDS, None)


def _open(name: str, about: Any) -> None:
    st.session_state[f"{ASKED}:number"] = _number() + 1
    st.session_state[ASKED] = (name, about)


def _answered(verb: Callable[[actions.Deed], T], done: str | Callable[[T], str]) -> None:
    taken: list[T] = []

    def told(result: T) -> str:
        taken.append(result)
        return done(result) if callable(done) else done

    actions.act(verb, told)
    if taken:
        close()


def _input(label: str, value: Any, widget: Callable[[str], Any], path: str = "", about: str = "") -> Callable[[], Any]:
    key = f"dialog-{_number()}:{label}" + (f":{about}" if about else "")
    if value is not None:
        st.session_state.setdefault(key, value)
    if path:
        means(path, label)
    widget(key)
    return lambda: st.session_state[key]


def _number() -> int:
    """Of the dialogs opened so far: a new one begins with empty fields."""
    found: int = st.session_state.get(f"{ASKED}:number", 0)
    return found
