"""What is done once in a server process, before the first page is drawn."""

import gc

import streamlit as st


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """Take what is loaded by now out of the garbage collector's sight.

    Streamlit collects all generations after every run of a script, holding the interpreter while it walks every object of
    pandas, SQLAlchemy and plotly: some 150 ms a click, in which no message leaves. What is loaded stays for good anyway, so it
    is frozen; what comes later is collected as ever (docs/performance.md, "The review queue").
    """
    gc.collect()
    gc.freeze()
