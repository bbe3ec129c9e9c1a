"""Several OS processes at once, for tests of what holds between them."""

import multiprocessing
import os
import pickle
import queue
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from core.faults import FAULT

SECONDS = 120


def together(target: Callable[..., Any], *argument_lists: tuple[Any, ...], start: str = "forkserver") -> list[Any]:
    """Call `target(*arguments)` in one fresh process per argument list, all let go at the same moment.

    The results in the order of the lists. A refusal or fault raised in a process is its result, as the exception itself where
    it can be pickled. `target` stands at the top of a module. The processes are forks of a server that has imported the product
    and nothing else, so that none pays for the imports; with start="fork" they are copies of this one, and must make engines of
    their own.
    """
    context = _context(start)
    gate, answers = context.Barrier(len(argument_lists)), context.Queue()
    workers = [
        context.Process(target=_work, args=(gate, answers, position, target, arguments), daemon=True)
        for position, arguments in enumerate(argument_lists)
    ]
    with _without_a_main_script():
        for worker in workers:
            worker.start()
    found = dict(_next_answer(answers, workers) for _ in workers)
    for worker in workers:
        worker.join(SECONDS)
    return [found[position] for position in range(len(workers))]


def was_killed(target: Callable[..., Any], *arguments: Any, at: str = "") -> bool:
    """Whether `target(*arguments)`, in a process of its own, was killed; `at` is a fault point, "name:nth hit", if one is meant."""
    worker = _context("forkserver").Process(target=_work_until, args=(at, target, arguments), daemon=True)
    with _without_a_main_script():
        worker.start()
    worker.join(SECONDS)
    return bool(worker.exitcode == -signal.SIGKILL)


def _context(start: str) -> Any:
    context: Any = multiprocessing.get_context(start)
    if start == "forkserver":
        context.set_forkserver_preload(["core.close", "tests.support.business"])
    return context


def _next_answer(answers: Any, workers: list[Any]) -> tuple[int, Any]:
    """The next of the processes' answers; an error as soon as none of them can give one any more."""
    for _ in range(SECONDS):
        alive = any(worker.is_alive() for worker in workers)
        try:
            answer: tuple[int, Any] = answers.get(timeout=1)
        except queue.Empty:
            if not alive:
                raise RuntimeError("a process ended without an answer; what it printed says why") from None
        else:
            return answer
    raise TimeoutError(f"no answer for {SECONDS} seconds")


@contextmanager
def _without_a_main_script() -> Iterator[None]:
    """A process that is started runs its parent's main script first. A page's test leaves there the page that it drew last: the
    processes would draw it, and die, and their answers never come."""
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work_until(point: str, target: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if point:
        os.environ[FAULT] = point
    target(*arguments)


def _work(gate: Any, answers: Any, position: int, target: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    gate.wait(SECONDS)
    try:
        answer = target(*arguments)
    except Exception as error:
        traceback.print_exc()
        answer = error
    try:
        pickle.loads(pickle.dumps(answer))
    except Exception:  # a driver's error, say: without this the queue would drop it in silence and the caller wait
        answer = RuntimeError(f"{type(answer).__name__}: {answer}")
    answers.put((position, answer))
