"""CloudEvents 1.0 as usage: the envelope's attributes become an event's fields. Pure; docs/http.md has the table.

`id` and `source` name an event only together, so its event_id is SHA-256 of the JSON array [source, id] without spaces: joined
as text, ("a", "bc") and ("ab", "c") would be one. Extension attributes are not ours and are left out of the content.
"""

import hashlib
from typing import Any

from core.errors import Fault
from core.metering.model import Num
from core.metering.rules import json_text, shown, storable

ATTRIBUTE_MAX = 2_000  # characters of a source or an id: they are hashed, not kept


def is_one(fields: dict[str, Any]) -> bool:
    """Whether a JSON object says that it is a CloudEvent."""
    return "specversion" in fields


def event_id(source: str, id_: str) -> str:
    return hashlib.sha256(f"[{json_text(source)},{json_text(id_)}]".encode()).hexdigest()


def fields_of(sent: dict[str, Any]) -> dict[str, Any] | tuple[Fault, ...]:
    """The event's fields, not yet judged, or what keeps the envelope from being read."""
    faults: list[Fault] = []
    if sent.get("specversion") != "1.0" or isinstance(sent["specversion"], Num):
        sentence = f"specversion is {shown(sent.get('specversion'))}; only CloudEvents “1.0” are read."
        faults.append(Fault("specversion", "specversion", sentence))
    source, id_ = (_attribute(sent, name, faults) for name in ("source", "id"))
    media = sent.get("datacontenttype") or "application/json"
    kind = media.partition(";")[0].strip().lower() if isinstance(media, str) else ""
    if not (kind == "application/json" or kind.endswith("+json")) or "data_base64" in sent:
        sentence = (
            f"Its data are {shown(media)}; usage is read from JSON data alone (datacontenttype application/json)."
        )
        faults.append(Fault("not_json_data", "datacontenttype", sentence))
    data = sent.get("data")
    if data is not None and not isinstance(data, dict):
        faults.append(Fault("wrong_type", "data", "data has to be an object: quantity, and the event's properties."))
    if faults:
        return tuple(faults)
    rest = dict(data or {})
    made = {
        "event_id": event_id(source, id_),
        "customer": sent.get("subject"),
        "meter": sent.get("type"),
        "occurred_at": sent.get("time"),
        "quantity": rest.pop("quantity", None),
        "properties": rest,
    }
    return {name: value for name, value in made.items() if value is not None}


def _attribute(sent: dict[str, Any], name: str, faults: list[Fault]) -> str:
    value = sent.get(name)
    if isinstance(value, str) and not isinstance(value, Num) and 0 < len(value) <= ATTRIBUTE_MAX and storable(value):
        return value
    sentence = f"{name} is {shown(value)}; a CloudEvent has a text of 1 to {ATTRIBUTE_MAX} characters there."
    faults.append(Fault(f"{name}_missing" if value in (None, "") else "wrong_type", name, sentence))
    return ""
