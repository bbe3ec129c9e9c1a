"""Bad input gets a sentence that says what, where and what to do, and leaves everything else as it was."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from core import db, metering
from core.errors import BadInput, Refused
from tests.support import usage
from tests.support.bad_lines import LINES
from tests.support.business import NOW, OLGA
from tests.support.usage import event, jsonl, parquet, take


def test_each_bad_line_is_kept_with_its_sentence_and_the_rest_goes_through(engine: Engine) -> None:
    ground = usage.ground(engine)
    lines = [line if isinstance(line, bytes) else line.encode() for line, _, _ in LINES]
    good = [json.dumps(event(f"good-{n}")).encode() for n in range(len(lines))]
    content = b"\n".join(line for pair in zip(good, lines, strict=True) for line in pair) + b"\n"
    result = take(engine, ground, content)
    assert (result.accepted, result.rejected) == (len(LINES), len(LINES))
    with db.reading(engine) as session:
        kept = metering.rejections(session, seller_id=ground.seller_id)
    assert [row.faults[0].code for row in kept] == [code for _, code, _ in LINES]
    for row, (line, _, shows), number in zip(kept, LINES, range(2, 99, 2), strict=False):
        assert row.position == f"line {number}", shows
        assert all(fault.sentence.startswith(f"Line {number}: ") for fault in row.faults), shows
        whole = (line if isinstance(line, bytes) else line.encode())[:2000].decode("utf-8", "backslashreplace")
        assert row.raw[:1000] == whole[:1000], shows
    assert len({row.group_key for row in kept if row.group_key.startswith("unknown")}) == 2


def test_cr_lf_and_a_missing_last_newline_are_no_fault(engine: Engine) -> None:
    ground = usage.ground(engine)
    content = b"\xef\xbb\xbf" + b"\r\n".join(json.dumps(event(f"e{n}")).encode() for n in range(3))
    assert take(engine, ground, content).accepted == 3


def test_a_half_written_last_line_is_named_and_counts_once_when_the_whole_file_comes(engine: Engine) -> None:
    ground = usage.ground(engine)
    whole = jsonl([event(f"e{n}") for n in range(3)])
    first = take(engine, ground, whole[:-20], cursor="half")
    assert (first.accepted, first.rejected, first.faults[0].code) == (2, 1, "half_written")
    assert "Line 3: The last line breaks off" in first.faults[0].sentence
    second = take(engine, ground, whole, cursor="whole")
    assert (second.accepted, second.duplicates, second.rejected) == (1, 2, 0)


FILES: list[tuple[bytes, str, str, str]] = [
    (b"", "jsonl", "empty_file", "empty"),
    (b"\n\n", "jsonl", "empty_file", "blank"),
    (gzip.compress(jsonl([event("e")])), "jsonl", "not_what_it_says", "gzip named .jsonl"),
    (parquet(pa.table({"event_id": ["e"]})), "csv", "not_what_it_says", "Parquet named .csv"),
    (parquet(pa.table({"event_id": ["e"]})), "jsonl", "not_what_it_says", "Parquet named .jsonl"),
    (jsonl([event("e")]), "parquet", "not_parquet", "JSONL named .parquet"),
    (parquet(pa.table({"event_id": ["e"]}))[:-9], "parquet", "broken_parquet", "Parquet cut off"),
    (parquet(pa.table({"event_id": ["e"], "colour": ["red"]})), "parquet", "columns_strange", "Parquet, other columns"),
    (parquet(pa.table({"event_id": ["e"], "quantity": [0.1]})), "parquet", "floats", "Parquet with binary floats"),
    (b"event_id,customer\n1,acme\n", "jsonl", "not_jsonl", "CSV named .jsonl"),
    (b"[\n]\n", "jsonl", "not_jsonl", "a JSON list"),
    (b"AT,N\n2024-02-01 10:00:00,5\n", "csv", "mapping_missing", "a CSV without a mapping"),
]


def test_a_file_that_is_not_what_it_says_is_refused_and_only_the_refusal_is_written(engine: Engine) -> None:
    ground = usage.ground(engine)
    for content, kind, code, shows in FILES:
        with pytest.raises(BadInput) as refused:
            take(engine, ground, content, format=kind)
        assert refused.value.code == code, shows
        assert refused.value.sentence.startswith("The file was not taken in: "), shows
    with db.reading(engine) as session:
        assert metering.batches(session, seller_id=ground.seller_id) == []
    with db.transaction(engine, NOW, "tests.refusal") as session:
        metering.record_refusal(
            session, OLGA, NOW, seller_id=ground.seller_id, source="inbox", name="x.csv", refusal=refused.value
        )
    with db.reading(engine) as session:
        [row] = metering.batches(session, seller_id=ground.seller_id)
        assert (row.state, row.detail["faults"][0]["code"]) == ("refused", "mapping_missing")


def test_a_duplicate_with_other_content_is_a_conflict_and_both_are_kept(engine: Engine) -> None:
    ground = usage.ground(engine)
    first = take(engine, ground, jsonl([event("e", quantity="1.50"), event("e", quantity=1.5)]))
    assert (first.accepted, first.duplicates, first.conflicts) == (1, 1, 0)
    for cursor in ("a", "b"):
        again = take(engine, ground, jsonl([event("e", quantity=9), event("e")]), cursor=cursor)
        assert (again.accepted, again.duplicates, again.conflicts) == (0, 0, 2)
    with db.reading(engine) as session:
        found = metering.conflicts(session, seller_id=ground.seller_id)
        assert {(row.kept["quantity"], row.other["quantity"]) for row in found} == {("1.5", "9"), ("1.5", "1")}
        assert [(row.customer, row.event_id) for row in found] == [("acme", "e")] * 2
        assert not metering.rebuild(session)
        assert usage.counted(session) == {(ground.acme, ground.meters["api.calls"]): (1, 1)}


def test_a_known_cursor_with_other_content_is_refused_because_it_would_be_lost(engine: Engine) -> None:
    ground = usage.ground(engine)
    take(engine, ground, jsonl([event("e1")]), cursor="2024-02-01.jsonl")
    with pytest.raises(Refused, match="came before with other content"):
        take(engine, ground, jsonl([event("e2")]), cursor="2024-02-01.jsonl")


def test_a_piece_of_a_file_that_its_mapping_declares_whole_is_refused(engine: Engine) -> None:
    ground = usage.ground(engine)
    rule: dict[str, Any] = {**usage.TRACE_RULE, "id": {"rule": "whole_file"}}
    with db.transaction(engine, NOW, "tests.mapping") as session:
        metering.save_mapping(session, OLGA, NOW, seller_id=ground.seller_id, source="w", rule=rule)
    header = b"TIMESTAMP,ContextTokens,GeneratedTokens\n"
    row = b"2024-02-01 10:00:00.0000000,5,7\n"
    with pytest.raises(BadInput, match="say the batch's id"):
        take(engine, ground, header + row, source="w", format="csv")
    whole = take(engine, ground, header + row * 3, source="w", format="csv", batch_id="feb")
    assert whole.accepted == 6  # three identical rows of a whole file are three requests
    assert take(engine, ground, header + row * 3, source="w", format="csv", batch_id="feb").again
    with pytest.raises(Refused, match="whole files come whole"):
        take(engine, ground, header + row, source="w", format="csv", batch_id="feb")


def test_parquet_events_come_in_with_decimals_instants_and_properties(engine: Engine) -> None:
    ground = usage.ground(engine)
    table = pa.table(
        {
            "event_id": ["p1", "p2", "p3"],
            "customer": ["acme", "acme", "nobody"],
            "meter": ["tokens.context"] * 3,
            "quantity": pa.array([Decimal("0.000000000001"), None, Decimal(2)], pa.decimal128(38, 12)),
            "occurred_at": pa.array([datetime(2024, 2, 1, 12, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
            "properties": ['{"region":"eu"}', None, None],
        }
    )
    result = take(engine, ground, parquet(table), format="parquet")
    assert (result.accepted, result.rejected, result.faults[0].path) == (2, 1, "row 3: customer")
    same = [
        event("p1", meter="tokens.context", quantity="0.000000000001", properties={"region": "eu"}),
        event("p2", meter="tokens.context"),
    ]
    assert take(engine, ground, jsonl(same)).duplicates == 2
    with db.transaction(engine, NOW, "tests.discard") as session:
        ids = metering.open_rejection_ids(session, seller_id=ground.seller_id)
        replayed = metering.replay(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=ids)
    assert [fault.code for faults in replayed.still_open.values() for fault in faults] == ["unknown_customer"]
