"""A throwaway PostgreSQL for one test run: made by the first worker that needs it, ended by the process that began the run.

It listens on a socket in its own folder only, so runs beside each other never meet. As root its programs run as `postgres`.
A run that was killed leaves its folder behind; the next run finds that its owner is dead and clears it away.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PREFIX = "countinghouse-test-"
RUN_DIR = "COUNTINGHOUSE_TEST_RUN_DIR"  # set by the process that begins the run; xdist's workers inherit it
FAST = {
    "listen_addresses": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # a worker of it in the template would stop CREATE DATABASE
    "max_connections": "120",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "'Asia/Kathmandu'",  # invariant T3: the server's timezone changes nothing
}


class CannotRun(Exception):
    """What is not there, as the sentence that the end of the test run prints."""


@dataclass(frozen=True)
class Cluster:
    """A running server. `socket_dir` is its only address."""

    bin_dir: Path
    socket_dir: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_dir}"


def run_dir() -> Path:
    """The folder of this test run, shared by all its processes; made by the first that asks."""
    known = os.environ.get(RUN_DIR)
    if known is None:
        _clear_dead_runs()
        known = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
        os.chmod(known, 0o755)  # the user `postgres` passes through it
        os.environ[RUN_DIR] = known
    return Path(known)


def end_run() -> None:
    """Stop the server, if one was started, and remove the folder. Called by the process that began the run."""
    known = os.environ.get(RUN_DIR)
    if known is not None and Path(known).name.startswith(f"{PREFIX}{os.getpid()}-"):
        del os.environ[RUN_DIR]
        _clear(Path(known))


@contextmanager
def once(name: str) -> Iterator[Callable[[], bool]]:
    """Hold the lock of that name over all processes of the run; the value says whether the work was done before."""
    folder = run_dir()
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / f"{name}.done"
        yield done.exists
        done.touch()


@cache
def programs() -> Path:
    """The folder with initdb and pg_ctl: that of PATH, else Debian's newest."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise CannotRun("no PostgreSQL (initdb and pg_ctl are not on this machine; on Debian: apt-get install postgresql)")


@cache
def cluster() -> Cluster:
    """The run's server; the first caller starts it. Raises CannotRun where that is impossible."""
    bin_dir, home = programs(), run_dir() / "postgresql"
    with once("cluster") as done:
        if not done():
            _start(bin_dir, home)
    return Cluster(bin_dir, home)


def _start(bin_dir: Path, home: Path) -> None:
    home.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        owner = _server_user()
        os.chown(home, owner.pw_uid, owner.pw_gid)
    data = str(home / "data")
    _program(bin_dir, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    with open(home / "data" / "postgresql.conf", "a") as conf:
        conf.writelines(f"{key} = {value}\n" for key, value in FAST.items())
        conf.write(f"unix_socket_directories = '{home}'\n")
    _program(bin_dir, "pg_ctl", "start", "-w", "-t", "60", "-s", "-D", data, "-l", str(home / "log"))


def _server_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise CannotRun("no PostgreSQL (it refuses to run as root, and there is no user postgres to run it as)")


def _program(bin_dir: Path, name: str, *arguments: str) -> None:
    command = [str(bin_dir / name), *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", _server_user().pw_name, "--", *command]
    # To a file: a pipe would stay open in the server, which outlives pg_ctl.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False)
        output.seek(0)
        if done.returncode:
            raise CannotRun(f"no PostgreSQL ({name} ended with {done.returncode}: {output.read().strip()[-300:]})")


def _clear_dead_runs() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not _lives(int(owner)) and os.access(folder, os.W_OK):
            _clear(folder)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _clear(folder: Path) -> None:
    data = folder / "postgresql" / "data"
    if (data / "postmaster.pid").exists():
        with suppress(CannotRun):  # another run cleared it a moment ago, or the server died by itself
            _program(programs(), "pg_ctl", "stop", "-s", "-m", "immediate", "-D", str(data))
    shutil.rmtree(folder, ignore_errors=True)
