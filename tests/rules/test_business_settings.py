"""Business settings, and the table of docs/business_settings.md that lists them."""

import re
from pathlib import Path

from core.catalog.business_settings import SCOPES, SETTINGS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "business_settings.md"


def test_every_business_setting_stands_in_the_documentation_with_what_it_says() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| .* \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(key, ", ".join(reversed(known.scopes)), known.says) for key, known in SETTINGS.items()]


def test_every_default_is_a_value_that_its_setting_takes() -> None:
    for key, known in SETTINGS.items():
        assert known.fault(known.default) == "", key
        assert set(known.scopes) <= set(SCOPES), key
        assert known.fault(object()), key
