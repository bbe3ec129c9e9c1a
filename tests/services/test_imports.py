"""Any module of the house can be the first that a process imports: no circle shows only in the order that others chose."""

import json
import re
import subprocess
import sys
import tomllib

from core.settings import ROOT

HEAVY = "import alembic.command, babel, pandas, plotly.graph_objects, psycopg, pyarrow.parquet, sqlmodel, streamlit, structlog"
# One layer after the other, from below: each module of it is imported by a fork that holds the libraries and the layers
# below, which had their turn and know nothing of those above. A module then costs its own code only.
EACH_FIRST = f"""
import importlib, json, os, sys, traceback
{HEAVY}
broken = {{}}
for layer in json.load(sys.stdin):
    for name in layer:
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
    if broken:
        break
    for name in layer:
        importlib.import_module(name)
print(json.dumps(broken))
"""


def modules(package: str) -> set[str]:
    """Everything directly below core, app or jobs: modules and doors."""
    found = list((ROOT / package).iterdir())
    packages = [path for path in found if (path / "__init__.py").exists()]
    files = [path for path in found if path.suffix == ".py" and not path.name.startswith("__")]
    return {f"{package}.{path.stem}" for path in packages + files} - {"app.main"}  # it draws when imported


def layers() -> list[list[str]]:
    """The house from below: the layers of core as the contract of imports names them, then app and jobs."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [of_core] = [contract["layers"] for contract in contracts if contract.get("containers") == ["core"]]
    named = [[f"core.{name}" for name in re.findall(r"\w+", layer)] for layer in reversed(of_core)]
    there = modules("core")
    return [sorted(there & set(layer)) for layer in named] + [sorted(modules("app") | modules("jobs"))]


def test_every_module_and_door_can_be_imported_first() -> None:
    asked = layers()
    assert {name for layer in asked for name in layer} == modules("core") | modules("app") | modules("jobs")
    done = subprocess.run(
        [sys.executable, "-c", EACH_FIRST],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    broken = json.loads(done.stdout.splitlines()[-1])
    assert not broken, "\n\n".join(f"{name}:\n{told}" for name, told in broken.items())
