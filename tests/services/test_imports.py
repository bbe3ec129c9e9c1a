"""Any module of the house can be the first that a process imports: no circle shows only in the order that others chose."""

import json
import subprocess
import sys

from core.settings import ROOT

HEAVY = """
import alembic.command, babel, pandas, plotly.graph_objects, psycopg, pyarrow.parquet, sqlmodel, streamlit, structlog
import core.tables
"""
# Forks after the heavy libraries and the tables are in, and for app and jobs all of core, which stands below them and has had its
# turn: a module then costs its own code only.
EACH_FIRST = f"""
import importlib, json, os, sys, traceback
{HEAVY}
broken, below = {{}}, True
for name in json.load(sys.stdin):
    if below and not name.startswith("core."):
        importlib.import_module("core.cli")  # whose imports are the doors of core
        below = False
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            os.write(writer, traceback.format_exc()[-600:].encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as said:
        told = said.read()
    os.waitpid(child, 0)
    if told:
        broken[name] = told
print(json.dumps(broken))
"""


def modules() -> list[str]:
    """Everything directly below core, app and jobs: modules and doors."""
    found = [path for package in ("core", "app", "jobs") for path in (ROOT / package).iterdir()]
    packages = [path for path in found if (path / "__init__.py").exists()]
    files = [path for path in found if path.suffix == ".py" and not path.name.startswith("__")]
    names = {f"{path.parent.name}.{path.stem}" for path in packages + files} - {"app.main"}  # it draws when imported
    return sorted(names, key=lambda name: (not name.startswith("core."), name))


def test_every_module_and_door_can_be_imported_first() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EACH_FIRST],
        cwd=ROOT,
        input=json.dumps(modules()),
        capture_output=True,
        text=True,
        check=True,
    )
    broken = json.loads(done.stdout.splitlines()[-1])
    assert not broken, "\n\n".join(f"{name}:\n{told}" for name, told in broken.items())
