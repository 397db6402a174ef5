"""The process that replicas are forked from: it has imported everything, and has neither threads nor a running loop.

It reads one order a line (JSON) and answers in lines: `{"forked": number, "pid": pid}` for each order, and
`{"ended": pid, "code": code}` when a process is over (negative: by which signal). A fork is killed like any process.
"""

import gc
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from benchmarks.fleet.parent import end_with_parent
from bot.cli import command_line

IMPORTS = (
    "bot.start",
    "bot.cli",
    "bot.chat.slack",
    "bot.logs",
    "connectors.social.linkedin",
    "connectors.social.mastodon",
    "connectors.social.x",
    "connectors.previews.opengraph",
    "aiosqlite",
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvloop",
)
RUN = "benchmarks.fleet.zygote:run_vouch"


def run_vouch(words: Sequence[str]) -> None:
    """Run `vouch run` with these words, in this process."""
    sys.argv = ["vouch", "run", *words]
    command_line()(["run", *words], standalone_mode=True)


def _become(order: dict[str, Any]) -> NoReturn:
    """Be the process that was ordered, until its end."""
    end_with_parent()
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(source, stream)
    os.environ.clear()
    os.environ.update(order["environment"])
    code = 70
    try:
        module, _, name = order["launch"].partition(":")
        getattr(import_module(module), name)(order["words"])
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _answer(**told: object) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _answer(ended=pid, code=os.waitstatus_to_exitcode(status))


def _fork(order: dict[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        _become(order)
    _answer(forked=order["number"], pid=pid)


def main() -> None:
    """Import everything, then fork as ordered until standard input ends."""
    end_with_parent()
    for name in (*IMPORTS, *sys.argv[1:]):
        import_module(name)
    gc.collect()
    gc.freeze()
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _answer(ready=True)
    held = b""
    while True:
        readable, _, _ = select.select([0, woken], [], [])
        if woken in readable:
            os.read(woken, 4096)
            _reap()
        if 0 in readable:
            part = os.read(0, 1 << 20)
            if not part:
                return
            *orders, held = (held + part).split(b"\n")
            for order in orders:
                _fork(json.loads(order))


if __name__ == "__main__":
    main()
