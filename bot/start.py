"""Starting from the command line: what is checked first, the schema, the lock, and what is said when it cannot be."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.app import build
from bot.clock import FollowedClock
from bot.config import ConfigError
from bot.core.errors import Refused
from bot.core.programme import Programme
from bot.database import UNUSABLE
from bot.environment import Environment, missing_for_run
from bot.installation import read_installation
from bot.logs import set_up_logs
from bot.process import Process, fastest_loop, hold_folder, serve
from connectors.http import new_session
from storage.engine import AWAY, Sessions
from storage.schema import USABLE, SchemaState, create_schema, schema_state
from storage.vault import KeysUnreadableError, Vault


async def _prepare(sessions: Sessions) -> None:
    """Bring SQLite's schema up to date; PostgreSQL, which others may share, is left to `vouch migrate`."""
    state = await schema_state(sessions)
    if state in UNUSABLE:
        raise ConfigError([f"database: {UNUSABLE[state]}"])
    if state in USABLE:
        return
    if sessions.is_sqlite and state is SchemaState.EMPTY:
        await create_schema(sessions)
        return
    if not sessions.is_sqlite:
        raise ConfigError([f"database: its schema is {state}; run `vouch migrate` first"])
    from storage.migrations.upgrade import upgrade

    await upgrade(sessions)


def _check_keys(environment: Environment) -> None:
    try:
        Vault(environment.data, given=environment.token_keys).check()
    except KeysUnreadableError as error:
        raise ConfigError([str(error)]) from error


async def _run(demo: Path | None) -> None:
    environment, config, programme = read_installation()
    missing = missing_for_run(environment)
    if missing:
        raise ConfigError(missing)
    if any(one.can_connect for one in programme.networks.values()):
        _check_keys(environment)
    set_up_logs(
        "plain" if environment.log_format == "plain" else "json",
        level=logging.getLevelNamesMapping()[environment.log_level.upper()],
        secrets=environment.secrets,
    )
    async with new_session() as http:
        process = build(environment, config, programme, http=http)
        try:
            await _hold(environment, process, programme, demo)
        finally:
            await process.sessions.close()


async def _hold(environment: Environment, process: Process, programme: Programme, demo: Path | None) -> None:
    """Serve while this process holds the data folder."""
    with hold_folder(environment.data) as is_ours:
        if not is_ours and process.sessions.is_sqlite:
            raise ConfigError([f"VOUCH_DATA: another vouch is running on {environment.data}; stop that one first"])
        await _prepare(process.sessions)
        if demo is not None:
            await _fill(demo, process, programme)
        await serve(process)


async def _fill(demo: Path, process: Process, programme: Programme) -> None:
    from bot.demo import fill_demo

    if isinstance(process.clock, FollowedClock):
        await process.clock.read(process.http)
    await fill_demo(demo, process.worker.out, programme)


def main(demo: Path | None) -> int:
    """Run the bot; 2 if it is set up wrongly (what is wrong is printed), 1 if something it needs is away."""
    try:
        with asyncio.Runner(loop_factory=fastest_loop()) as runner:
            runner.run(_run(demo))
    except ConfigError as error:
        return _complain(error.problems, 2)
    except Refused as error:
        return _complain([f"the platform refuses the token ({error.code}); see `vouch doctor`"], 1)
    except AWAY as error:
        return _complain([f"the database does not answer ({type(error).__name__}); see `vouch doctor`"], 1)
    return 0


def _complain(lines: Sequence[str], code: int) -> int:
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the answer of a command
    return code
