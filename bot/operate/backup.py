"""`vouch backup`: a copy of the database, made while Vouch runs, that starts held wherever it is put back."""

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, make_url

from bot.config import ConfigError
from bot.database import database_url
from bot.environment import Environment, read_environment
from bot.operate.answer import answer
from storage.backups import back_up

TOOL = "pg_dump"
_KNOWN = ("host", "port", "ssl", "sslmode")  # what of an address PostgreSQL's tools know, and is no secret


def back_up_database(copy: Path) -> int:
    """Copy the database into the new file `copy`; 1 if it is away or damaged, or if there is no `pg_dump`."""
    return answer(lambda: _back_up(copy))


def _back_up(copy: Path) -> int:
    environment = read_environment()
    url = make_url(database_url(environment))
    if copy.exists():
        raise ConfigError([f"{str(copy)!r} is there already, and nothing is written over; name another file"])
    if not copy.parent.is_dir():
        raise ConfigError([f"{str(copy.parent)!r} is no folder; make it first, or name a file in another"])
    done = _copy(Path(str(url.database)), copy) if url.get_backend_name() == "sqlite" else _dump(url, copy)
    if done == 0:
        _say_what_else(environment, copy)
    return done


def _copy(database: Path, copy: Path) -> int:
    try:
        size = back_up(database, copy, now=datetime.now(UTC))
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        sys.stderr.write(f"the database could not be copied to {str(copy)!r} ({why}); `vouch doctor` says more\n")
        return 1
    sys.stdout.write(f"{copy}: {size / 1e6:,.1f} MB, as the database was a moment ago\n")
    return 0


def _dump(url: URL, copy: Path) -> int:
    """Let PostgreSQL's own tool make the copy: it knows what belongs to a database; the password is in no argument."""
    words = [TOOL, "--format=custom", f"--file={copy}", f"--dbname={_address(url)}"]
    tool = shutil.which(TOOL)
    if tool is None:
        sys.stderr.write(f"{TOOL} is not here; install PostgreSQL's client, or run this where it is:\n\n  ")
        sys.stderr.write(shlex.join(words) + "\n")
        return 1
    password = {"PGPASSWORD": url.password} if url.password else {}
    before = os.umask(0o077)
    try:
        done = subprocess.run([tool, *words[1:]], env={**os.environ, **password}, check=False)  # noqa: S603
    finally:
        os.umask(before)
    if done.returncode:
        copy.unlink(missing_ok=True)
        sys.stderr.write(f"{TOOL} could not make the copy; why stands above (it must not be older than the server)\n")
        return 1
    sys.stdout.write(f"{copy}: {copy.stat().st_size / 1e6:,.1f} MB, to be put back by pg_restore\n")
    return 0


def _address(url: URL) -> str:
    """Return the address as PostgreSQL's tools take it, without the password."""
    query = {"sslmode" if name == "ssl" else name: value for name, value in url.query.items() if name in _KNOWN}
    plain = URL.create(
        "postgresql", username=url.username, host=url.host, port=url.port, database=url.database, query=query
    )
    return plain.render_as_string(hide_password=False)


def _say_what_else(environment: Environment, copy: Path) -> None:
    kept = [name for name in ("secret.key", "tokens.keys") if (environment.data / name).exists()]
    if kept:
        sys.stdout.write(f"keep {' and '.join(kept)} of {environment.data} and config.yaml as well\n")
    sys.stdout.write("put back, it starts held: nothing that was open is sent before an admin decides\n")
