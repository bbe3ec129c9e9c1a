"""Pages of docs/ that can drift from the code are held to it here."""

import re
import tomllib
from pathlib import Path

import pytest

import core.tables  # noqa: F401  # fills the metadata
from core.settings import ROOT
from core.tables.base import Base

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def test_every_dependency_has_its_line_and_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    page = (ROOT / "docs/decisions/0006-dependencies-earn-their-place.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (?!package|-)([\w.-]+) \| .+ \| .+ \|$", page, re.MULTILINE)
    assert sorted(listed) == sorted(match[0] for entry in wanted if (match := NAME.match(entry)))


@pytest.mark.parametrize("path", DECISIONS, ids=[page.stem for page in DECISIONS])
def test_a_decision_has_its_parts_and_is_listed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [heads[0], heads[1], heads[-2], heads[-1]] == ["Context", "Decision", "Consequences", "Not chosen"]
    quoted = re.search(r"^## Decision\n\*\*(.+)\*\*$", text, re.MULTILINE)
    index = (path.parent / "README.md").read_text(encoding="utf-8")
    assert quoted is not None
    assert f"[{path.name[:4]}]({path.name}) | {quoted[1]} |" in index


def test_the_glossary_names_tables_and_folders_that_are_there() -> None:
    rows = re.findall(
        r"^\| .+ \| .+ \| (.+) \|$", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = {place for row in rows for place in re.findall(r"`([\w./]+)`", row)}
    tables = {place for place in named if "/" not in place and place not in ("app", "jobs", "service.py")}
    assert tables <= set(Base.metadata.tables)
