"""The files of a migration on the screen: what was uploaded, how their columns are read, what a dry run says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from app import widgets, wording
from core import migration
from core.ledger import ACCOUNTS
from core.migration import FILES, DryRun, FileRule, Mapper, Take
from core.money import Money

KEEP: Final = ""
DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
DATES: Final = {"iso": "2024-02-29", "dmy": "29.02.2024", "mdy": "02/29/2024", "unix": "seconds since 1970"}
FAULTS_SHOWN: Final = 100
KINDS_SAID: Final = {"": "left out", **{kind: kind for kind in FILES}}


@dataclass(frozen=True)
class Uploaded:
    """A file that lies on the desk, and the kind that it is taken for."""

    name: str
    kind: str
    content: bytes


def uploaded() -> dict[str, Uploaded]:
    """Kind → the file of it. A file whose name says no kind is asked about; of two of one kind the last holds."""
    files = st.file_uploader(
        "CSV files: accounts, customers, plans, subscriptions, invoices, credits, balances",
        accept_multiple_files=True,
        key="migration-files",
    )
    found: dict[str, Uploaded] = {}
    for number, file in enumerate(files or ()):
        kind = migration.kind_of_file(file.name)
        if not kind:
            kind = st.selectbox(
                f"What is {file.name}?",
                list(KINDS_SAID),
                format_func=KINDS_SAID.__getitem__,
                key=f"migration-kind:{number}",
            )
        if kind:
            found[kind] = Uploaded(file.name, kind, file.getvalue())
    return {kind: found[kind] for kind in FILES if kind in found}


# ── the mapper ──────────────────────────────────────────────────────────────────────────────────────────────────────


def mapped(files: Mapping[str, Uploaded], saved: Mapper) -> Mapper:
    """The mapper as it stands in the form: for the open file its fields with columns and samples, beginning with what is saved
    or what the columns look like."""
    rules = {kind: _rule_of(kind, one, saved) for kind, one in files.items()}
    if not files:
        return saved
    kind = st.segmented_control(
        "File", list(files), default=next(iter(files)), key="migration-file", label_visibility="collapsed"
    )
    if kind in files:
        rules[kind] = _form(kind, files[kind], rules[kind])
        st.session_state.setdefault("migration:rules", {})[_key(kind, files[kind])] = rules[kind]
    return Mapper({**saved.files, **rules})


def _key(kind: str, file: Uploaded) -> str:
    return f"{kind}:{file.name}:{len(file.content)}:{st.session_state.get('migration-mapper', '')}"


def _rule_of(kind: str, file: Uploaded, saved: Mapper) -> FileRule:
    kept = st.session_state.get("migration:rules", {}).get(_key(kind, file))
    if kept is not None:
        return kept  # type: ignore[no-any-return]
    if kind in saved.files:
        return saved.files[kind]
    columns = migration.columns_of(file.content, FileRule())
    plain = FileRule(delimiter=";") if len(columns) == 1 and ";" in columns[0] else FileRule()
    columns = migration.columns_of(file.content, plain)
    found = migration.guessed(kind, columns)
    return replace(plain, take={name: Take(column=column) for name, column in found.items()})


def _form(kind: str, file: Uploaded, rule: FileRule) -> FileRule:
    key = _key(kind, file)
    widgets.section(file.name, FILES[kind].about)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        delimiter = _pick("Delimiter", DELIMITERS, rule.delimiter, f"{key}:delimiter")
        encoding = _pick("Encoding", dict.fromkeys(migration.ENCODINGS), rule.encoding, f"{key}:encoding")
        dates = _pick("Days are written", DATES, rule.dates, f"{key}:dates")
        comma = st.checkbox("Decimal comma", rule.decimal_comma, key=f"{key}:comma")
        minor = st.checkbox("Amounts in cents", rule.minor_units, key=f"{key}:minor")
    rule = replace(rule, delimiter=delimiter, encoding=encoding, dates=dates, decimal_comma=comma, minor_units=minor)
    columns = migration.columns_of(file.content, rule)
    samples = migration.read_file(kind, file.content, rule).samples
    edited = st.data_editor(
        _fields_frame(kind, rule, columns, samples),
        hide_index=True,
        height=330,
        key=f"{key}:fields",
        disabled=["field", "about", "sample"],
        column_config={
            "field": st.column_config.TextColumn("Field", width=110),
            "column": st.column_config.SelectboxColumn("Column", options=list(columns), width=140),
            "sample": st.column_config.TextColumn("In the file", width=150),
            "value": st.column_config.TextColumn("Same in all", width=90),
            "words": st.column_config.TextColumn("Words", width=130, help="theirs=ours; other=ours; *=any"),
            "about": st.column_config.TextColumn("What it is"),
        },
    )
    return replace(rule, take=_taken(edited))


def _pick(label: str, options: Mapping[str, str | None], now: str, key: str) -> str:
    names = list(options)
    at = names.index(now) if now in names else 0
    return st.selectbox(label, names, index=at, format_func=lambda one: options[one] or one, key=key, width=150)


def _fields_frame(
    kind: str, rule: FileRule, columns: tuple[str, ...], samples: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    rows = []
    for one in FILES[kind].fields:
        take = rule.take.get(one.name) or (Take(column=one.name) if one.name in columns else Take())
        rows.append(
            {
                "field": f"{one.name} *" if one.needed else one.name,
                "column": take.column or None,
                "sample": " · ".join(samples.get(take.column, ())),
                "value": take.value,
                "words": "; ".join(f"{theirs}={ours}" for theirs, ours in take.words.items()),
                "about": one.about,
            }
        )
    return pd.DataFrame(rows)


def _taken(edited: pd.DataFrame) -> dict[str, Take]:
    found = {}
    for row in edited.to_dict("records"):
        column, value = _text(row["column"]), _text(row["value"])
        pairs = (part.partition("=") for part in _text(row["words"]).split(";") if "=" in part)
        words = {theirs.strip(): ours.strip() for theirs, _, ours in pairs}
        if column or value:
            found[str(row["field"]).removesuffix(" *")] = Take("" if value else column, value, words)
    return found


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


# ── the dry run ─────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(found: DryRun) -> None:
    """What would be made, what would be opened, and every fault."""
    faults = widgets.Cell(wording.amount(len(found.faults)), "bad" if found.faults else "good")
    widgets.strip(
        [
            ("New", wording.amount(found.new), "rows to be made"),
            ("Here already", wording.amount(sum(one.again for one in found.counts)), "left alone"),
            ("Faults", faults, "all of them" if found.faults else "nothing is wrong"),
            ("Notes", wording.amount(len(found.notes)), "worth a look"),
        ]
    )
    if found.faults or found.notes:
        _faults(found)
    with st.container():
        widgets.section("Files", "rows as they were read")
        rows = [
            (one.kind, *(wording.amount(number) for number in (one.rows, one.new, one.again, one.skipped)))
            for one in found.counts
        ]
        widgets.sheet(("File", "Rows", "New", "Here already", "Left out"), rows, num=(1, 2, 3, 4))
    if found.opening or found.granted:
        widgets.section("Opening entries", f"on {wording.day(found.opening_on)}, debit positive")
        widgets.sheet(("Account", "Amount"), sums(found), num=(1,))


def sums(found: DryRun) -> list[tuple[str, str]]:
    """What would be opened in each account, and the credit that is granted without an entry."""
    money = [(ACCOUNTS[one.role].name, one.amount_minor, one.currency) for one in found.opening]
    money += [("Credit granted (no entry)", minor, currency) for currency, minor in found.granted.items()]
    return [(name, wording.money(Money(minor, currency).decimal, currency)) for name, minor, currency in money]


def _faults(found: DryRun) -> None:
    told = [(word, each) for word, some in (("Fault", found.faults), ("Note", found.notes)) for each in some]
    widgets.section("What is wrong", "mend the files or the mapper; nothing is brought over before")
    rows = [
        (widgets.Chip(word, "red" if word == "Fault" else "gray"), each.place or "as a whole", each.sentence)
        for word, each in told[:FAULTS_SHOWN]
    ]
    widgets.sheet(("", "Where", "What is wrong"), rows, widths=("3.6rem", "32%", ""))
    if len(told) > FAULTS_SHOWN:
        widgets.text(f"and {wording.amount(len(told) - FAULTS_SHOWN)} more; the download has all of them")
    frame = pd.DataFrame(
        [(word, each.file, each.line, each.column, each.code, each.sentence) for word, each in told],
        columns=["", "file", "line", "column", "code", "sentence"],
    )
    st.download_button(
        "Download as CSV",
        frame.to_csv(index=False).encode(),
        f"{found.system}-faults.csv",
        "text/csv",
        icon=":material/download:",
        key=f"migration-faults:{found.system}",
    )
