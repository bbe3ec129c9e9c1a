"""Several OS processes at once, for tests of what holds between them."""

import multiprocessing
import pickle
import traceback
from collections.abc import Callable
from typing import Any

SECONDS = 300


def together(target: Callable[..., Any], *argument_lists: tuple[Any, ...], start: str = "forkserver") -> list[Any]:
    """Call `target(*arguments)` in one fresh process per argument list, all let go at the same moment.

    The results in the order of the lists. A refusal or fault raised in a process is its result, as the exception itself where
    it can be pickled. `target` stands at the top of a module. The processes are forks of a server that has imported the product
    and nothing else, so that none pays for the imports; with start="fork" they are copies of this one, and must make engines of
    their own.
    """
    context: Any = multiprocessing.get_context(start)
    if start == "forkserver":
        context.set_forkserver_preload(["core.close", "tests.support.business"])
    gate, answers = context.Barrier(len(argument_lists)), context.Queue()
    workers = [
        context.Process(target=_work, args=(gate, answers, position, target, arguments), daemon=True)
        for position, arguments in enumerate(argument_lists)
    ]
    for worker in workers:
        worker.start()
    found = dict(answers.get(timeout=SECONDS) for _ in workers)
    for worker in workers:
        worker.join(SECONDS)
    return [found[position] for position in range(len(workers))]


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
