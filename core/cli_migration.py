"""`countinghouse migrate-in`: the files of another system from the shell. See core/cli.py for its manners."""

import argparse
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core import catalog, db, migration, people
from core.errors import BadInput
from core.ledger import ACCOUNTS
from core.money import format_money

Answer = tuple[int, dict[str, Any], str]
FAULTS_SHOWN = 50


def add_arguments(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="holds accounts.csv, customers.csv … (those that there are); docs/migration.md",
    )
    made.add_argument("--system", default="", help="the other system's name: its ids are known under it")
    made.add_argument(
        "--opening-on", type=_day, default=None, help="the day on which our books take over, as 2024-07-01"
    )
    made.add_argument("--mapper", default="", help="a JSON file, or the name of a saved mapper")
    made.add_argument("--dry-run", action="store_true", help="show what would be made and every fault; write nothing")
    made.add_argument("--apply", type=int, default=0, metavar="ID", help="apply what another person prepared")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it as 2024-02-29") from None


def run(given: Any, engine: Engine, now: datetime, seller: catalog.SellerView) -> Answer:
    """Dry run, preparing or applying, as it was asked."""
    if given.apply:
        return _apply(given, engine, now)
    if given.folder is None or not given.folder.is_dir():
        raise BadInput.one("no_folder", "FOLDER", "Name the folder with the files; nothing was read.")
    if given.opening_on is None:
        raise BadInput.one("no_day", "--opening-on", "Say from which day on the books are kept here, as 2024-07-01.")
    files = {kind: path.read_bytes() for kind in migration.KINDS if (path := given.folder / f"{kind}.csv").is_file()}
    with db.reading(engine) as session:
        asked: dict[str, Any] = {
            "seller_id": seller.id,
            "system": given.system or given.folder.resolve().name,
            "opening_on": given.opening_on,
            "files": files,
            "mapper": _mapper(given.mapper, migration.mappers(session, seller.id)),
        }
        found = migration.dry_run(session, now, **asked)
    value, lines = _told(found)
    if given.dry_run or found.faults:
        value["prepared"] = None
        if not given.dry_run:
            lines.append("Nothing was prepared: mend the faults and run it again.")
        return (1 if found.faults else 0), value, "\n".join(lines)
    actor = _actor(engine, given.login)
    with db.transaction(engine, now, "shell.migrate_in") as session:
        value["prepared"] = migration.prepare(session, actor, now, **asked)
    lines.append(
        f"Prepared as {value['prepared']}. Another person applies it: "
        f"countinghouse migrate-in --seller {seller.code} --apply {value['prepared']} --as …"
    )
    return 0, value, "\n".join(lines)


def _apply(given: Any, engine: Engine, now: datetime) -> Answer:
    actor = _actor(engine, given.login)
    with db.transaction(engine, now, "shell.migrate_in") as session:
        made = migration.apply(session, actor, now, given.apply)
    told = ", ".join(f"{count} {kind}" for kind, count in made.items()) or "nothing, it was all here"
    return 0, {"applied": given.apply, "made": made}, f"Migration {given.apply} is applied: {told}."


def _actor(engine: Engine, login: str) -> people.Actor:
    if not login:
        raise BadInput.one(
            "nobody", "--as", "A migration has a person who prepares it and one who applies it; name them."
        )
    with db.reading(engine) as session:
        return people.acting_as(session, login)


def _mapper(named: str, saved: list[migration.MapperView]) -> migration.Mapper:
    if not named:
        return migration.Mapper()
    if (path := Path(named)).is_file():
        try:
            return migration.mapper_from_json(json.loads(path.read_text("utf-8")))
        except ValueError as error:
            raise BadInput.one("json", "--mapper", f"{named} is not JSON: {error}.") from None
    found = [one.mapper for one in saved if one.name == named]
    if not found:
        known = ", ".join(one.name for one in saved) or "none yet"
        raise BadInput.one(
            "no_mapper", "--mapper", f"There is no file and no saved mapper {named!r}; saved are: {known}."
        )
    return found[0]


def _told(found: migration.DryRun) -> tuple[dict[str, Any], list[str]]:
    def rows(told: tuple[migration.RowFault, ...]) -> list[dict[str, Any]]:
        return [
            {"file": one.file, "line": one.line, "column": one.column, "code": one.code, "sentence": one.sentence}
            for one in told
        ]

    value = {
        "system": found.system,
        "opening_on": found.opening_on,
        "faults": rows(found.faults),
        "notes": rows(found.notes),
        "counts": [
            {"kind": one.kind, "rows": one.rows, "new": one.new, "again": one.again, "skipped": one.skipped}
            for one in found.counts
        ],
        "opening": [
            {"account": line.role.value, "currency": line.currency, "amount_minor": line.amount_minor}
            for line in found.opening
        ],
        "granted": dict(found.granted),
    }
    lines = [
        f"{one.kind}: {one.rows} rows, {one.new} new, {one.again} here already, {one.skipped} left out"
        for one in found.counts
    ]
    lines += [
        f"  opens {ACCOUNTS[line.role].name}: {format_money(line.amount_minor, line.currency)}"
        for line in found.opening
    ]
    lines += [f"  grants credit: {format_money(minor, currency)}" for currency, minor in found.granted.items()]
    lines += [f"  note  {one.place}: {one.sentence}" for one in found.notes]
    lines.append(
        "No fault." if not found.faults else f"{len(found.faults)} faults; nothing can be brought over with them."
    )
    lines += [f"  {one.place}: {one.sentence}" for one in found.faults[:FAULTS_SHOWN]]
    if len(found.faults) > FAULTS_SHOWN:
        lines.append(f"  … and {len(found.faults) - FAULTS_SHOWN} more; --json tells all of them.")
    return value, lines
