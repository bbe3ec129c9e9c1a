"""What every story ends with: all invariants of domain.md section 14 hold."""

from sqlalchemy import Engine

from core import db, invariants


def hold(engine: Engine) -> None:
    """Judge every invariant; those that do not hold are said with their first offenders."""
    with db.reading(engine) as session:
        broken = [
            f"{judged.code} {judged.sentence}: " + "; ".join(offender.sentence for offender in judged.offenders[:3])
            for judged in invariants.judge_all(session)
            if not judged.holds
        ]
    assert not broken, "\n".join(broken)
