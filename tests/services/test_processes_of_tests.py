"""What tests with several processes rest on."""

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.processes import together


def twice(number: int) -> int:
    return 2 * number


def die() -> None:
    os._exit(1)


def test_processes_do_not_run_the_script_that_a_pages_test_left_as_main(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "page.py"
    script.write_text("raise SystemExit('this page was drawn in a process that was to work')\n")
    main = ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert together(twice, (1,), (2,)) == [2, 4]
    assert sys.modules["__main__"] is main


def test_a_process_that_dies_is_told_and_not_waited_for() -> None:
    with pytest.raises(RuntimeError, match="without an answer"):
        together(die, ())
