"""How rows of a table become events with ids that do not depend on the file, its pieces or its spelling."""

import hashlib
import json
from typing import Any

import pytest

from core.errors import BadInput
from core.metering.mapping import MappingRule, canonical_row, read_rule
from core.metering.model import Format, Reading
from core.metering.sources import format_of, read

RULE: dict[str, Any] = {
    "zone": "UTC",
    "customer": {"column": "WHO"},
    "occurred_at": {"column": "AT"},
    "properties": {"model": "MODEL"},
    "events": [
        {"meter": {"value": "in"}, "quantity": {"column": "IN"}, "suffix": ":in"},
        {"meter": {"value": "out"}, "quantity": {"column": "OUT"}, "suffix": ":out"},
    ],
}
HEADER = "WHO,AT,IN,OUT,MODEL\n"


def mapped(**changes: Any) -> MappingRule:
    return read_rule("feed", {**RULE, **changes})


def rows(text: str, rule: MappingRule | None = None, batch_id: str = "") -> Reading:
    return read(text.encode(), Format.CSV, rule or mapped(), batch_id)


def test_a_row_gives_one_event_per_rule_and_the_id_ends_with_its_suffix() -> None:
    reading = rows(HEADER + "acme,2024-02-01 10:00:00,5,7.50,\n")
    first, second = (sent.fields for sent in reading.sent)
    said = ["feed", [["AT", "2024-02-01T10:00:00"], ["IN", "5"], ["MODEL", ""], ["OUT", "7.5"], ["WHO", "acme"]]]
    digest = hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()
    assert (first["event_id"], second["event_id"]) == (f"{digest}:in", f"{digest}:out")
    assert (first["meter"], str(first["quantity"]), first["properties"]) == ("in", "5", {})
    assert [sent.position for sent in reading.sent] == ["line 2:in", "line 2:out"]


def test_the_same_row_in_another_spelling_file_and_column_order_has_the_same_id() -> None:
    first = rows(HEADER + "acme,2024-02-01 10:00:00.50,5,7.50,big\n")
    other = rows("OUT,IN,AT,EXTRA,MODEL,WHO\r\n 7.5 ,5.0,2024-02-01T10:00:00.5,x,big, acme")
    assert {s.fields["event_id"] for s in first.sent} == {s.fields["event_id"] for s in other.sent}


def test_the_id_keeps_digits_of_the_date_that_storage_cuts_off() -> None:
    one, two = (canonical_row(mapped(), {"AT": f"2024-02-01 10:00:00.1234567{n}"}) for n in (1, 2))
    assert one != two


def test_a_corrected_zone_does_not_make_new_ids() -> None:
    text = HEADER + "acme,2024-02-01 10:00:00,5,7,\n"
    berlin = rows(text, mapped(zone="Europe/Berlin"))
    assert [s.fields["event_id"] for s in berlin.sent] == [s.fields["event_id"] for s in rows(text).sent]


def test_identical_rows_refuse_the_file_and_name_the_lines() -> None:
    text = HEADER + "acme,2024-02-01 10:00:00,5,7,\nacme,2024-02-01 10:00:01,5,7,\nacme,2024-02-01T10:00:00,5.0,7,\n"
    with pytest.raises(BadInput, match=r"line 4 repeats line 2.*id column") as refused:
        rows(text)
    assert refused.value.code == "identical_rows"


def test_an_id_column_tells_identical_rows_apart() -> None:
    by_column = mapped(id={"rule": "column", "column": "MODEL"})
    text = HEADER + "acme,2024-02-01 10:00:00,5,7,r1\nacme,2024-02-01 10:00:00,5,7,r2\n"
    assert [s.fields["event_id"] for s in rows(text, by_column).sent] == ["r1:in", "r1:out", "r2:in", "r2:out"]


def test_whole_files_count_identical_rows_by_occurrence_under_their_batch_id() -> None:
    whole = mapped(id={"rule": "whole_file"})
    text = HEADER + "acme,2024-02-01 10:00:00,5,7,\n" * 2
    ids = [s.fields["event_id"] for s in rows(text, whole, "2024-02").sent]
    assert len(set(ids)) == 4
    assert ids == [s.fields["event_id"] for s in rows(text, whole, "2024-02").sent]
    assert not set(ids) & {s.fields["event_id"] for s in rows(text, whole, "2024-03").sent}
    with pytest.raises(BadInput, match="say the batch's id"):
        rows(text, whole)


FILES: list[tuple[bytes, str, str]] = [
    (b"", "empty_file", "nothing at all"),
    (b" \r\n\n", "empty_file", "blanks only"),
    (HEADER.encode(), "empty_file", "a header and no rows"),
    (b"PAR1....PAR1", "not_what_it_says", "Parquet named .csv"),
    (b"\x1f\x8b\x08\x00", "not_what_it_says", "gzip named .csv"),
    (b"PK\x03\x04....", "not_what_it_says", "a spreadsheet named .csv"),
    ("WHO,AT\n".encode("utf-16"), "not_what_it_says", "UTF-16"),
    (b'{"event_id": "e"}\n', "not_what_it_says", "JSONL named .csv"),
    (b"WHO,AT,IN,OUT,MODEL\n\x00\n", "not_csv", "a NUL byte"),
    (HEADER.encode() + "Müller,x,1,2,\n".encode("latin-1"), "not_utf8", "Latin-1"),
    (b"WHO,AT,IN\nacme,x,1\n", "columns_missing", "a changed header"),
    (b"WHO,AT,IN,OUT,MODEL,IN\n", "column_twice", "a column named twice"),
    (HEADER.encode() + b'"acme,x,1,2,\n', "malformed_csv", "a quote that never ends"),
]


@pytest.mark.parametrize(("content", "code", "shows"), FILES, ids=[row[2] for row in FILES])
def test_a_file_that_cannot_be_read_as_csv_is_refused_with_a_sentence(content: bytes, code: str, shows: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(content, Format.CSV, mapped())
    assert refused.value.code == code, shows
    assert refused.value.sentence.startswith("The file was not taken in: ")


def test_a_row_of_another_width_is_rejected_and_the_rest_goes_through() -> None:
    reading = rows(HEADER + "acme,2024-02-01 10:00:00,5\nacme,2024-02-01 10:00:00,5,7,\n")
    assert len(reading.sent) == 2
    [rejected] = reading.rejected
    assert (rejected.position, rejected.faults[0].code) == ("line 2", "columns_differ")


def test_lines_are_counted_in_the_file_also_after_a_cell_of_several_lines() -> None:
    reading = rows(HEADER + 'acme,2024-02-01 10:00:00,5,7,"a\nb"\nacme,2024-02-01 10:00:01,5,7,\n')
    assert [sent.position for sent in reading.sent] == ["line 2:in", "line 2:out", "line 4:in", "line 4:out"]


RULES: list[tuple[Any, list[str], str]] = [
    ([], ["wrong_type"], "no object"),
    ({}, ["says_nothing"], "nothing said"),
    ({"zone": "Mars/Olympus"}, ["unknown_zone"], "no such zone"),
    ({**RULE, "delimiter": "x"}, ["delimiter"], "no delimiter"),
    ({**RULE, "colour": "red"}, ["unknown_field"], "an unknown word"),
    ({**RULE, "customer": "acme"}, ["not_taken"], "neither column nor value"),
    ({**RULE, "events": []}, ["events_missing"], "no event"),
    ({**RULE, "events": [{"meter": {"value": "in"}}, {"meter": {"value": "out"}}]}, ["suffix_repeated"], "one id for two"),
    ({**RULE, "id": {"rule": "random"}}, ["id_rule"], "no such id rule"),
    ({"zone": "Nowhere", "events": 1, "customer": {}, "occurred_at": {}}, [
        "unknown_zone", "not_taken", "not_taken", "events_missing", "id_rule"
    ], "all faults at once"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "codes", "shows"), RULES, ids=[row[2] for row in RULES])
def test_a_mapping_that_cannot_work_is_refused_with_every_fault(rule: Any, codes: list[str], shows: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_rule("feed", rule)
    assert [fault.code for fault in refused.value.faults] == codes, shows


def test_a_name_says_the_format_or_is_refused() -> None:
    assert format_of("a.b.NDJSON") is Format.JSONL
    assert format_of("x.csv") is Format.CSV
    assert format_of("x.parquet") is Format.PARQUET
    with pytest.raises(BadInput, match="ends in none of"):
        format_of("usage.xlsx")
