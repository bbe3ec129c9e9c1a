"""Lines that are no events, whatever they come in: (what was sent, the code of its fault, what it shows)."""

import json

from tests.support.usage import event

LINES: list[tuple[str | bytes, str, str]] = [
    (json.dumps(event("x", customer="nobody")), "unknown_customer", "unknown customer"),
    (json.dumps(event("x", meter="nothing")), "unknown_meter", "unknown meter"),
    ('{"event_id": "x", "customer": ', "malformed_json", "malformed JSON"),
    (json.dumps(event("x"))[:-1] + ', "quantity": NaN}', "not_finite", "NaN"),
    (json.dumps(event("x"))[:-1] + ', "quantity": 1e400}', "too_large", "1e400"),
    (json.dumps(event("x"))[:-1] + ', "quantity": -1}', "negative", "-1 where the meter forbids it"),
    (json.dumps(event("x", occurred_at="2024-02-01T12:00:00")), "no_zone", "a date without a zone"),
    (json.dumps(event("x", occurred_at="2024-02-31T12:00:00Z")), "no_such_date", "31 February"),
    (json.dumps(event("x"))[:-1] + ', "event_id": "y"}', "key_twice", "a key twice"),
    (json.dumps(event("x\ud800")), "not_printable", "a lone surrogate"),
    (json.dumps(event("x", properties={"a": "\x00"})), "not_text", "an escaped NUL"),
    ("[" * 60_000, "too_deep", "deep nesting"),
    ('"just text"', "not_an_object", "no object"),
    (json.dumps(event("x", properties={"a": "y" * 100_000})), "too_large", "a huge line"),
    (json.dumps(event("x", properties={"a": "y" * 40_000})), "too_large", "a huge property"),
    (json.dumps(event("x")).encode()[:-1] + b"\xff}", "not_utf8", "a byte that is no UTF-8"),
    (json.dumps(event("x")).encode()[:-1] + b"\x00}", "malformed_json", "a raw NUL byte"),
]
