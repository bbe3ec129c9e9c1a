"""A business brought over from another system as a scenario of the kill loop: one person prepares the files, another applies them.

Both look first how far it has come, as people do after a power cut. The clock stands still.
"""

from sqlalchemy import Engine

from core import db, migration, wall
from tests.faults import journey

FILES = {
    "accounts": "id,name,country,street,postal_code,city,email,terms_days,since\n"
    "cus_1,Northwind Traders,US,12 Harbor Street,98101,Seattle,ap@northwind.example,30,2022-10-01\n",
    "customers": "id,account,key,name\nusr_1,cus_1,northwind,Northwind Traders\n",
    "invoices": "number,account,date,due_on,currency,total,open,description\n"
    "OB-1001,cus_1,2024-01-21,2024-02-20,USD,400.00,150.00,Onboarding workshop\n",
}


def main(database_url: str) -> None:
    wall.now = journey.standing_still
    folder = journey.settle(database_url) / "oldbill"
    engine = db.make_engine(database_url)
    db.advance_seal(engine, journey.NOW)
    journey.give_back_ids(engine)
    seller_id = journey._found(engine, journey.NOW)
    folder.mkdir(exist_ok=True)
    for kind, content in FILES.items():
        (folder / f"{kind}.csv").write_text(content)
    if not _known(engine, seller_id):
        journey._word("migrate-in", str(folder), "--system", "oldbill", "--opening-on", "2024-02-01", "--as", "olga")
    [prepared] = _known(engine, seller_id)
    if prepared.state == "prepared":
        journey._word("migrate-in", "--apply", str(prepared.id), "--as", "anna")
    engine.dispose()


def _known(engine: Engine, seller_id: int) -> list[migration.MigrationView]:
    with db.reading(engine) as session:
        return migration.migrations(session, seller_id)
