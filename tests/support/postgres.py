"""A PostgreSQL server for the time of a test run: own folder, own port, no fsync, gone at the end.

Works as root (the binaries then run as the ``postgres`` account, since the server refuses root) and as anybody else.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port


@contextmanager
def postgres_server() -> Iterator[str]:
    """The SQLAlchemy URL of a fresh server's maintenance database (``postgres``).

    Raises:
        FileNotFoundError: PostgreSQL is not installed. Never a silent skip: half of the promise would go untested.
    """
    binaries = _binaries()
    # Not pytest's tmp_path: its parent is closed to the postgres account.
    folder = Path(tempfile.mkdtemp(prefix="beffroi-pg-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    data = folder / "data"
    port = free_port()
    try:
        make = ["-D", str(data), "-A", "trust", "-U", "beffroi", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        _run([*as_owner, f"{binaries}/initdb", *make], folder)
        options = f"-p {port} -k {folder} -h 127.0.0.1 -F -c full_page_writes=off -c max_connections=60"
        _run([*as_owner, f"{binaries}/pg_ctl", "-w", "-D", str(data), "-l", f"{folder}/log", "-o", options, "start"],
             folder)  # fmt: skip
        try:
            yield f"postgresql+psycopg://beffroi@127.0.0.1:{port}/postgres"
        finally:
            if (data / "postmaster.pid").exists():  # a test may have stopped it
                _run([*as_owner, f"{binaries}/pg_ctl", "-w", "-D", str(data), "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    config = shutil.which("pg_config")
    if config:
        found = Path(subprocess.run([config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip())
        if (found / "initdb").exists():
            return found
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
    return versions[-1].parent


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", timeout=60)
    if done.returncode:
        log = folder / "log"
        detail = log.read_text(errors="replace") if log.exists() else ""
        raise RuntimeError(f"{command[-1]}: {done.stderr}\n{done.stdout}\n{detail}")
