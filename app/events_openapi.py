"""What POST /api/v1/events takes and answers, as an OpenAPI 3.1 document, and as a page for people made of that document."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

VERSION: Final = "1"
SUMMARY: Final = "Send usage events; each counts exactly once, however often it is sent."
DESCRIPTION: Final = (
    "One request is one delivery and one transaction: 202 is said once it is durable, and says what became of each event. Send a "
    "request again until it is answered: the same bytes, or the same Idempotency-Key, are answered as the first time and count "
    "once; an event that comes again in another request is a duplicate. A rejected event is kept with its faults and is mended "
    "and replayed at the desk: do not send it again."
)
EXAMPLE: Final[dict[str, Any]] = {
    "event_id": "0192f0c1-7a6e-7bb2-8d53-5b2f1c9a0e11",
    "customer": "northwind",
    "meter": "api.calls",
    "quantity": "1",
    "occurred_at": "2024-02-01T09:30:00Z",
    "properties": {"region": "eu"},
}
CLOUD_EXAMPLE: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "r-1",
    "source": "gateway/eu-1",
    "type": "api.calls",
    "subject": "northwind",
    "time": "2024-02-01T09:30:00Z",
    "data": {"quantity": 1, "region": "eu"},
}
ANSWERS: Final = (
    ("202", "Durable. What became of each event stands in the answer.", "Answer"),
    ("400", "Nothing was taken in: the body is no valid JSON, is cut off, or is empty.", "Refusal"),
    ("401", "Nothing was taken in: the key is missing, unknown or revoked.", "Refusal"),
    ("409", "Nothing was taken in: this Idempotency-Key came before with another body.", "Refusal"),
    ("413", "Nothing was taken in: the body is larger than 16 MiB, or unpacks to more than 64 MiB.", "Refusal"),
    ("415", "Nothing was taken in: the content type or encoding is none that is read.", "Refusal"),
    ("422", "Nothing was taken in: a sum would pass what can be kept.", "Refusal"),
    ("500", "Not acknowledged: a fault of ours. Send the same request again.", "Refusal"),
    ("503", "Not acknowledged: busy, or the database does not answer. Send it again after Retry-After.", "Refusal"),
)
FAULT: Final = {
    "type": "object",
    "required": ["code", "path", "sentence"],
    "properties": {name: {"type": "string"} for name in ("code", "path", "sentence")},
}
SCHEMAS: Final[dict[str, Any]] = {
    "Event": {
        "type": "object",
        "required": ["event_id", "customer", "meter", "occurred_at"],
        "additionalProperties": False,
        "properties": {
            "event_id": {"type": "string", "maxLength": 200, "description": "Yours; identity is (customer, event_id)."},
            "customer": {"type": "string", "maxLength": 200, "description": "The customer's key or an alias of it."},
            "meter": {"type": "string", "maxLength": 200, "description": "The meter's code."},
            "quantity": {
                "type": ["string", "number"],
                "default": "1",
                "description": "At most 15 digits before and 12 after the point; no digit passes through a binary float.",
            },
            "occurred_at": {"type": "string", "format": "date-time", "description": "With Z or an offset."},
            "properties": {
                "type": "object",
                "description": "Flat: at most 64 names; text of at most 1,000 characters, numbers, true, false, null.",
                "maxProperties": 64,
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
            },
            "source": {"type": "string", "description": "Left out, or the source of the key."},
        },
    },
    "CloudEvent": {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string"},
            "source": {"type": "string", "description": "event_id is SHA-256 of the JSON array [source, id]."},
            "type": {"type": "string", "description": "The meter's code."},
            "subject": {"type": "string", "description": "The customer's key or an alias of it."},
            "time": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "description": "`quantity` is the quantity, all else the properties."},
        },
    },
    "Fault": FAULT,
    "Refusal": {
        "type": "object",
        "required": ["refused"],
        "properties": {"refused": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}}},
    },
    "Answer": {
        "type": "object",
        "required": ["batch", "accepted", "duplicates", "conflicts", "rejected", "events"],
        "properties": {
            **{name: {"type": "integer"} for name in ("batch", "accepted", "duplicates", "conflicts", "rejected")},
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["position", "event_id", "result"],
                    "properties": {
                        "position": {"type": "string"},
                        "event_id": {"type": "string"},
                        "result": {"enum": ["accepted", "duplicate", "conflict", "rejected"]},
                        "faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
                    },
                },
            },
        },
    },
}
PARAMETERS: Final = (
    (
        "Idempotency-Key",
        "Names this delivery; by default the hash of its body does. At most 150 printable ASCII characters.",
    ),
    ("Content-Encoding", "gzip or zstd."),
    ("Prefer", "return=minimal leaves accepted events out of the answer."),
)


def document(kinds: Sequence[str]) -> dict[str, Any]:
    """The OpenAPI document; `kinds` are the content types that are read."""
    either = {"anyOf": [_ref("Event"), _ref("CloudEvent")]}
    many = {"type": "array", "items": either}
    bodies = {
        "application/json": ({"anyOf": [either, many]}, EXAMPLE),
        "application/cloudevents+json": (_ref("CloudEvent"), CLOUD_EXAMPLE),
        "application/cloudevents-batch+json": ({"type": "array", "items": _ref("CloudEvent")}, [CLOUD_EXAMPLE]),
    }
    lines: tuple[dict[str, Any], Any] = ({"type": "string"}, json.dumps(EXAMPLE) + "\n")
    content = {
        kind: {"schema": schema, "example": example} for kind in kinds for schema, example in [bodies.get(kind, lines)]
    }
    post = {
        "summary": SUMMARY,
        "description": DESCRIPTION,
        "operationId": "sendEvents",
        "security": [{"key": []}],
        "parameters": [
            {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": said}
            for name, said in PARAMETERS
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            status: {"description": said, "content": {"application/json": {"schema": _ref(schema)}}}
            for status, said, schema in ANSWERS
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Countinghouse: usage events", "version": VERSION},
        "paths": {"/api/v1/events": {"post": post}},
        "components": {"schemas": SCHEMAS, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────

STYLE: Final = """
:root { color-scheme: light dark }
body { font: 14px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0 }
tr + tr td { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
pre { overflow: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 4px }
h1 { font-size: 1.25rem } h2 { font-size: 1rem; margin-top: 1.75rem }
"""


def page(kinds: Sequence[str]) -> str:
    """The document as a page that fetches nothing from anywhere."""
    post = document(kinds)["paths"]["/api/v1/events"]["post"]
    fields = [
        (f"<code>{name}</code>", escape(of.get("description", "")))
        for name, of in SCHEMAS["Event"]["properties"].items()
    ]
    call = (
        "curl https://desk.example/api/v1/events -H 'Authorization: Bearer chk_…' \\\n"
        f"  -H 'Content-Type: application/json' -d '{json.dumps(EXAMPLE)}'"
    )
    parts = [
        f"<h1>POST /api/v1/events</h1><p>{escape(post['summary'])} {escape(post['description'])}</p>",
        "<p>As a document for programs: <a href='/api/v1/openapi.json'>openapi.json</a></p>",
        f"<pre>{escape(call)}</pre>",
        "<h2>An event</h2>" + _table(fields),
        f"<h2>A CloudEvent</h2><pre>{escape(json.dumps(CLOUD_EXAMPLE, indent=2))}</pre>",
        "<h2>Content types</h2>" + _table((f"<code>{kind}</code>",) for kind in kinds),
        "<h2>Headers</h2>" + _table((f"<code>{name}</code>", escape(said)) for name, said in PARAMETERS),
        "<h2>Answers</h2>" + _table((status, escape(said)) for status, said, _ in ANSWERS),
    ]
    head = f"<meta charset='utf-8'><title>Usage events</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>"


def _table(rows: Iterable[Sequence[str]]) -> str:
    return "<table>" + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows) + "</table>"
