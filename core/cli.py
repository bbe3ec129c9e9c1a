"""countinghouse: the desk's work from the shell. Every word has --help, and --json for programs.

    countinghouse migrate · demo · migrate-in FOLDER · ingest FILE · serve-events · draft · close · reconcile · verify
    export FOLDER · what-if · rate · prorate · invoice

Exit codes: 0 done, 1 something found or left undone, 2 refused (nothing was changed; the sentence says why).
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core import (
    analytics,
    audit,
    catalog,
    cli_migration,
    close,
    db,
    demo,
    desk,
    doors,
    export,
    invariants,
    invoicing,
    ledger,
    metering,
    people,
    reconciliation,
    wall,
)
from core.clock import Period, add_months, local_date
from core.doors import what_if
from core.errors import BadInput, BillingError, Refused
from core.logging import configure
from core.settings import settings

Answer = tuple[int, dict[str, Any], str]

DOORS: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "rate": (doors.rate_document, "what would these prices cost?"),
    "prorate": (doors.prorate_document, "which periods, which share, and what does a change cost?"),
    "invoice": (doors.invoice_document, "what do these lines come to?"),
}
"""The rules themselves, asked with one JSON object; docs/doors.md."""


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    configured = settings()
    configure("WARNING", configured.log_format)
    try:
        code, value, sentence = given.deed(given)
    except BillingError as error:
        told = doors.refusal(error)
        if given.json or given.word in DOORS:
            print(json.dumps(told, ensure_ascii=False))
        else:
            for fault in told["refused"]:
                print(f"{fault['path'] + ': ' if fault['path'] else ''}{fault['sentence']}", file=sys.stderr)
        return 2
    print(json.dumps(audit.plain(value), ensure_ascii=False) if given.json or not sentence else sentence)
    return int(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countinghouse", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD")

    def word(name: str, deed: Callable[[Any], Answer], about: str) -> argparse.ArgumentParser:
        made = words.add_parser(name, help=about, description=about)
        made.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
        made.set_defaults(deed=deed)
        return made

    def seller(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made.add_argument("--seller", default="", help="the seller's code; not needed where there is one only")
        made.add_argument("--as", dest="login", default="", help="the login of the person in whose name it is done")
        return made

    word("migrate", migrate, "bring the database up to this version of the schema")
    made = word("demo", load_demo, "load the demo business into an empty database")
    made.add_argument("--if-new", action="store_true", help="do nothing where there is a business already")
    made = seller(word("ingest", ingest, "take a file of usage in, exactly once"))
    made.add_argument("file", type=Path, help="JSONL, CSV or Parquet, by its ending")
    made.add_argument(
        "--source", required=True, help="where it comes from; a CSV is read by the mapping saved under this name"
    )
    made.add_argument("--batch-id", default="", help="for sources whose whole files have an id")
    made = seller(word("migrate-in", migrate_in, "bring customers, plans, debts and credits over from another system"))
    cli_migration.add_arguments(made)
    made = seller(word("draft", draft, "draft every invoice that fell due"))
    made.add_argument("--on", type=_day, default=None, help="the bill date (default: today in the seller's zone)")
    made = seller(word("close", close_period, "close an accounting period and lock it, or go on with a close"))
    made.add_argument(
        "--period", type=_month, default=None, help="the month, as 2024-02 (default: the earliest not locked)"
    )
    made = seller(word("reconcile", reconcile, "run the checks and list what is open"))
    made.add_argument(
        "--from", dest="start", type=_day, default=None, help="first day (default: two months before this month)"
    )
    made.add_argument(
        "--to", dest="end", type=_day, default=None, help="first day that is not wanted (default: tomorrow)"
    )
    made = word("verify", verify, "check every invariant, the audit chain and the books")
    made.add_argument("codes", nargs="*", help="only these, as M2 L3")
    made = word("export", export_tables, "write every table as a CSV, the same bytes from either database")
    made.add_argument("folder", type=Path, help="where to; files there are replaced")
    what_if.add_options(seller(word("what-if", ask_what_if, "a candidate plan on the last months of customers")))
    made = word("serve-events", serve_events, "take usage in over HTTP, in this process, until it is stopped")
    made.add_argument("--host", default=settings().host, help="the address to listen on")
    made.add_argument("--port", default="8502", help="the port to listen on")
    for name, (answer, about) in DOORS.items():
        made = word(name, _door(answer), f"{about} JSON in, JSON out; nothing is saved")
        made.add_argument(
            "file",
            nargs="?",
            type=argparse.FileType("r"),
            default=sys.stdin,
            help="the question (default: standard input)",
        )
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it as 2024-02-29") from None


def _month(text: str) -> date:
    return _day(f"{text}-01")


def _engine() -> Engine:
    engine = db.make_engine(settings().database_url)
    if not db.is_migrated(engine):
        raise Refused(
            "not_migrated",
            "Nothing was done: this database has not the tables of this version. Run `countinghouse migrate` first.",
        )
    return engine


def _now(engine: Engine) -> datetime:
    with db.reading(engine) as session:
        return desk.business_now(session, wall.now())


def _seller(engine: Engine, code: str) -> catalog.SellerView:
    with db.reading(engine) as session:
        sellers = catalog.sellers(session)
    found = [one for one in sellers if one.code == code] if code else sellers
    if len(found) == 1:
        return found[0]
    known = ", ".join(one.code for one in sellers) or "none yet"
    raise BadInput.one("seller", "--seller", f"Name the seller with --seller; there are: {known}.")


def _actor(engine: Engine, login: str, job: str) -> people.Actor:
    """The person named with --as; without one the shell acts as that job, which may do less."""
    if not login:
        return people.job(job)
    with db.reading(engine) as session:
        return people.acting_as(session, login)


# ── the words ───────────────────────────────────────────────────────────────────────────────────────────────────────


def migrate(_given: Any) -> Answer:
    db.migrate(settings().database_url)
    return 0, {"migrated": True}, "The database is up to date."


def load_demo(given: Any) -> Answer:
    engine = _engine()
    loaded = demo.is_loaded(engine)
    if loaded and not given.if_new:
        raise Refused("not_empty", "Not loaded: this database holds a business already. The demo needs a new one.")
    if not loaded:
        engine.dispose()  # the file that it holds open is about to be replaced
        print(
            "Loading the demo business: thirteen months, by the product's own verbs. A minute or two, once.",
            file=sys.stderr,
        )
        demo.load_into(settings().database_url, _shown if sys.stderr.isatty() else _silent)
        engine = _engine()
    with db.reading(engine) as session:
        day = desk.business_date(session)
    if day is None:
        return 0, {"loaded": False}, "The database holds a business of its own; it is kept."
    signs = [{"login": one.login, "password": one.password, "role": one.role} for one in demo.people().values()]
    lines = [f"The demo business stands on {day:%d %B %Y}. Sign in as:"]
    lines += [f"  {one['login']:<8}{one['password']:<16}{one['role']}" for one in signs]
    return 0, {"loaded": not loaded, "business_date": day, "people": signs}, "\n".join(lines)


def _shown(done: int, total: int, message: str = "") -> None:
    print(
        f"\r  {message:<20} {100 * done // max(total, 1):3} %",
        end="" if done < total else "\n",
        file=sys.stderr,
        flush=True,
    )


def _silent(_done: int, _total: int, _message: str = "") -> None:
    """Nobody watches."""


def ingest(given: Any) -> Answer:
    engine = _engine()
    now, seller = _now(engine), _seller(engine, given.seller)
    if not given.file.is_file():
        raise BadInput.one("no_file", "FILE", f"{given.file} is not there; nothing was taken in.")
    with db.transaction(engine, now, "shell.ingest") as session:
        result = metering.ingest(
            session,
            _actor(engine, given.login, "ingest"),
            now,
            seller_id=seller.id,
            source=given.source,
            content=given.file,
            format=metering.format_of(given.file),
            batch_id=given.batch_id,
        )
    value = {
        "batch": result.batch_id,
        "accepted": result.accepted,
        "duplicates": result.duplicates,
        "conflicts": result.conflicts,
        "rejected": result.rejected,
        "again": result.again,
    }
    sentence = (
        f"{result.accepted} accepted, {result.duplicates} seen before, {result.conflicts} conflicts, {result.rejected} rejected"
        f" (batch {result.batch_id}{', which had arrived before' if result.again else ''})."
    )
    for fault in result.faults:
        sentence += f"\n  {fault.path}: {fault.sentence}"
    return (1 if result.rejected or result.conflicts else 0), value, sentence


def migrate_in(given: Any) -> Answer:
    engine = _engine()
    return cli_migration.run(given, engine, _now(engine), _seller(engine, given.seller))


def draft(given: Any) -> Answer:
    engine = _engine()
    now, seller = _now(engine), _seller(engine, given.seller)
    bill_on = given.on or local_date(now, seller.timezone)
    result = invoicing.draft_all(engine, _actor(engine, given.login, "draft"), now, seller.id, bill_on)
    value = {
        "bill_on": bill_on,
        "made": list(result.made),
        "recomputed": list(result.recomputed),
        "unchanged": list(result.unchanged),
        "problems": [{"account": problem.account_id, "sentence": problem.sentence} for problem in result.problems],
    }
    sentence = (
        f"{len(result.made)} drafts made, {len(result.recomputed)} computed again, {len(result.unchanged)} unchanged."
    )
    for problem in result.problems:
        sentence += f"\n  {problem.sentence}"
    return (1 if result.problems else 0), value, sentence


def close_period(given: Any) -> Answer:
    engine = _engine()
    now, seller = _now(engine), _seller(engine, given.seller)
    actor = _actor(engine, given.login, "close")
    with db.transaction(engine, now, "shell.close") as session:
        period = close.next_to_close(session, seller.id)
        if given.period:
            period = ledger.ensure_period(session, seller.id, given.period)
        if period is None:
            raise BadInput.one(
                "no_period", "--period", "The books of this seller were never opened: finance opens them first."
            )
        if period.state == "open":
            close.begin_close(session, actor, now, period.id)
    locked = close.run_close(engine, actor, now, period.id, _silent)
    with db.reading(engine) as session:
        steps = close.checklist(session, period.id)
    value = {
        "period": period.starts_on,
        "locked": locked,
        "steps": [{"code": s.code, "state": s.state, "note": s.note} for s in steps],
    }
    lines = [f"{period.starts_on:%B %Y} is {'locked' if locked else 'not locked: a step is blocked'}."]
    lines += [f"  {step.state:<8} {step.title}: {step.note}" for step in steps]
    return (0 if locked else 1), value, "\n".join(lines)


def reconcile(given: Any) -> Answer:
    engine = _engine()
    now, seller = _now(engine), _seller(engine, given.seller)
    today = local_date(now, seller.timezone)
    days = Period(given.start or add_months(today.replace(day=1), -2, 1), given.end or today + timedelta(days=1))
    with db.transaction(engine, now, "shell.reconcile") as session:
        run = reconciliation.run(session, _actor(engine, given.login, "reconcile"), now, seller.id, days, today)
    with db.reading(engine) as session:
        found = reconciliation.findings(session, seller.id, today)
    value = {
        "run": run.run_id,
        "checks": run.checks,
        "findings": [
            {"check": one.check, "subject": one.subject_key, "blocks": one.blocks, "sentence": one.sentence}
            for one in found
        ],
    }
    lines = [f"{run.checks} checks over {days}; {len(found)} findings open."]
    lines += [f"  {'blocks' if one.blocks else '      '} {one.sentence}" for one in found]
    return (1 if any(one.blocks for one in found) else 0), value, "\n".join(lines)


def verify(given: Any) -> Answer:
    with db.reading(_engine()) as session:
        judged = list(invariants.judge_all(session, given.codes))
    broken = [one for one in judged if not one.holds]
    value = {
        "holds": not broken,
        "invariants": [
            {
                "code": one.code,
                "sentence": one.sentence,
                "holds": one.holds,
                "offenders": [o.sentence for o in one.offenders],
            }
            for one in judged
        ],
    }
    lines = []
    for one in judged:
        lines.append(f"  {'✓' if one.holds else '✗'} {one.code:<3} {one.sentence}")
        lines += [
            f"        {offender.subject_kind} {offender.subject_id}: {offender.sentence}"
            for offender in one.offenders[:5]
        ]
    lines.append(f"{len(judged) - len(broken)} of {len(judged)} invariants hold.")
    return (1 if broken else 0), value, "\n".join(lines)


def export_tables(given: Any) -> Answer:
    with db.reading(_engine()) as session:
        found = export.write(session, given.folder)
    return 0, {"files": found}, f"{len(found)} tables written to {given.folder}."


def ask_what_if(given: Any) -> Answer:
    engine = _engine()
    now, seller, began = _now(engine), _seller(engine, given.seller), time.perf_counter_ns()
    actor, today = _actor(engine, given.login, "what-if"), local_date(now, seller.timezone)
    with db.reading(engine) as session:
        answer = what_if.answered(session, actor, seller.id, today, given, _shown if sys.stderr.isatty() else None)
    spent = (time.perf_counter_ns() - began) // 1_000_000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    value = {**analytics.as_json(answer), "milliseconds": spent, "peak_mib": peak}
    sentence = f"{analytics.as_text(answer)}\n{spent} ms, at most {peak} MiB; nothing was written."
    return (1 if answer.not_compared else 0), value, sentence


def serve_events(given: Any) -> Answer:
    """This process becomes the server: what serves stands above core, and is not imported here."""
    _engine().dispose()
    os.execv(sys.executable, [sys.executable, "-m", "app.serve_events", "--host", given.host, "--port", given.port])


def _door(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Answer]:
    def ask(given: Any) -> Answer:
        return 0, answer(doors.question(given.file.read())), ""

    return ask


if __name__ == "__main__":
    sys.exit(main())
