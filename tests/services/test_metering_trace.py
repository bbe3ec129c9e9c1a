"""The real trace gives its published totals, through every format, in pieces, and however often it comes."""

import io
import json

import pyarrow.csv
from sqlalchemy import Engine

from core import db, metering
from tests.support import usage
from tests.support.business import NOW, OLGA
from tests.support.usage import Ground

TRACE = usage.TRACE.read_bytes()


def with_mapping(engine: Engine) -> Ground:
    ground = usage.ground(engine)
    with db.transaction(engine, NOW, "tests.mapping") as session:
        metering.save_mapping(
            session, OLGA, NOW, seller_id=ground.seller_id, source="tokens-trace", rule=usage.TRACE_RULE
        )
    return ground


def assert_trace(engine: Engine, ground: Ground) -> None:
    with db.reading(engine) as session:
        counted = usage.counted(session)
    requests = usage.TRACE_EVENTS // 2
    assert counted == {
        (ground.tokyo, ground.meters["tokens.context"]): (requests, usage.TRACE_CONTEXT),
        (ground.tokyo, ground.meters["tokens.generated"]): (requests, usage.TRACE_GENERATED),
    }


def test_the_trace_as_csv_gives_its_totals_and_the_same_delivery_again_its_first_answer(engine: Engine) -> None:
    ground = with_mapping(engine)
    first = usage.take(engine, ground, TRACE, source="tokens-trace", format="csv")
    assert (first.accepted, first.duplicates, first.conflicts, first.rejected) == (usage.TRACE_EVENTS, 0, 0, 0)
    again = usage.take(engine, ground, TRACE, source="tokens-trace", format="csv")
    assert again.again
    assert again.batch_id == first.batch_id
    assert_trace(engine, ground)


def test_the_trace_in_pieces_reversed_and_whole_counts_once(engine: Engine) -> None:
    ground = with_mapping(engine)
    header, *rows = TRACE.splitlines()
    for start in range(0, len(rows), 3000):  # pieces with CR LF, backwards, each under another file's cursor
        piece = b"\r\n".join([header, *reversed(rows[start : start + 3000])])
        usage.take(engine, ground, piece, source=f"file-{start}", mapping="tokens-trace", format="csv")
    assert_trace(engine, ground)
    whole = usage.take(engine, ground, TRACE, source="elsewhere", mapping="tokens-trace", format="csv", cursor="c1")
    assert (whole.accepted, whole.duplicates, whole.conflicts) == (0, usage.TRACE_EVENTS, 0)
    assert_trace(engine, ground)


def test_the_trace_as_jsonl_and_parquet_counts_once_with_the_csv(engine: Engine) -> None:
    """The three spell one instant as 18:17:03.9799600, with a Z, and as a Parquet timestamp in nanoseconds."""
    ground = with_mapping(engine)
    table = pyarrow.csv.read_csv(io.BytesIO(TRACE), convert_options=pyarrow.csv.ConvertOptions(
        column_types={"TIMESTAMP": pyarrow.timestamp("ns")}
    ))  # fmt: skip
    first = usage.take(engine, ground, usage.parquet(table), source="lake", mapping="tokens-trace", format="parquet")
    assert (first.accepted, first.rejected) == (usage.TRACE_EVENTS, 0)
    with db.reading(engine) as session:
        stored = usage.state(session)
    lines = [
        json.dumps({
            "event_id": event_id, "customer": "tokyo", "quantity": int(units), "occurred_at": f"{at[:10]}T{at[11:26]}Z",
            "meter": "tokens.context" if event_id.endswith(":context") else "tokens.generated",
        })
        for _, event_id, _, _, at, units, *_ in stored["events"]
    ]  # fmt: skip
    half = len(lines) // 2 + 1
    for part in (lines[half:], lines[:half]):
        result = usage.take(engine, ground, usage.jsonl(part), source="jsonl")
        assert (result.accepted, result.duplicates, result.conflicts) == (0, len(part), 0)
    csv = usage.take(engine, ground, TRACE, source="tokens-trace", format="csv")
    assert (csv.accepted, csv.duplicates, csv.conflicts) == (0, usage.TRACE_EVENTS, 0)
    assert_trace(engine, ground)
