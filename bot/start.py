"""Starting from the command line: what is checked first, the schema, the lock, and what is said when it cannot be."""

import asyncio
import logging
import sys
from collections.abc import Sequence, Set
from pathlib import Path

from bot.agreement import agree
from bot.app import build
from bot.clock import FollowedClock
from bot.config import ConfigError
from bot.core.duties import ALL_DUTIES, Duty
from bot.core.errors import Refused
from bot.core.programme import Programme
from bot.database import UNUSABLE, database_url, why_away
from bot.environment import Environment, missing_for_run
from bot.installation import read_installation
from bot.logs import set_up_logs
from bot.process import PortTakenError, Process, fastest_loop, hold_folder, serve
from connectors.http import new_session
from storage.engine import AWAY, Sessions
from storage.fingerprints import check_in, moving_on, tell_held
from storage.schema import USABLE, SchemaState, create_schema, schema_state
from storage.vault import KeysUnreadableError, Vault

log = logging.getLogger("vouch")


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


def _has_accounts(programme: Programme) -> bool:
    return any(one.can_connect for one in programme.networks.values())


def _check_keys(environment: Environment) -> None:
    try:
        Vault(environment.data, given=environment.token_keys).check()
    except KeysUnreadableError as error:
        raise ConfigError([str(error)]) from error


async def _run(demo: Path | None, duties: Set[Duty]) -> None:
    environment, config, programme = read_installation()
    missing = [*missing_for_run(environment), *_impossible(environment, duties)]
    if missing:
        raise ConfigError(missing)
    if _has_accounts(programme):
        _check_keys(environment)
    set_up_logs(
        "plain" if environment.log_format == "plain" else "json",
        level=logging.getLevelNamesMapping()[environment.log_level.upper()],
        secrets=environment.secrets,
    )
    async with new_session() as http:
        process = build(environment, config, programme, http=http, duties=duties)
        try:
            await _hold(environment, process, programme, demo)
        finally:
            await process.sessions.close()


def _impossible(environment: Environment, duties: Set[Duty]) -> list[str]:
    """Return why the duties cannot be split on this database."""
    if duties == ALL_DUTIES or not database_url(environment).startswith("sqlite"):
        return []
    given = " ".join(f"--{one.value}" for one in sorted(duties))
    return [
        f"vouch run {given}: SQLite is for one process that does everything; leave {given} out, "
        "or set DATABASE_URL to a PostgreSQL database (docs/operations.md#several-machines)"
    ]


async def _hold(environment: Environment, process: Process, programme: Programme, demo: Path | None) -> None:
    """Serve while this process holds the data folder."""
    with hold_folder(environment.data) as is_ours:
        if not is_ours and process.sessions.is_sqlite:
            raise ConfigError([f"VOUCH_DATA: another vouch is running on {environment.data}; stop that one first"])
        await _prepare(process.sessions)
        if not process.sessions.is_sqlite:
            await agree(environment, process.sessions, has_accounts=_has_accounts(programme))
        await _check_in(process)
        if demo is not None:
            await _fill(demo, process, programme)
        async with moving_on(process.sessions):
            await serve(process)


async def _check_in(process: Process) -> None:
    """Hold the database if it came back from a backup, and say so; also if it has been held since an earlier start."""
    count = await check_in(process.sessions, now=process.clock.now())
    if count is not None:
        log.warning("this database came back from a backup; none of the open jobs in it (%d) is sent", count)
    if (held := await tell_held(process.sessions)) is not None:
        log.warning("the outbox is %s", held)


async def _fill(demo: Path, process: Process, programme: Programme) -> None:
    from bot.demo import fill_demo

    if isinstance(process.clock, FollowedClock):
        await process.clock.read(process.http)
    await fill_demo(demo, process.worker.out, programme)


def duties_of(*, is_web: bool, is_worker: bool) -> Set[Duty]:
    """Return what a process is to do; asked for nothing, it does everything."""
    asked = {duty for duty, is_asked in ((Duty.WEB, is_web), (Duty.WORKER, is_worker)) if is_asked}
    return asked or ALL_DUTIES


def main(demo: Path | None, duties: Set[Duty] = ALL_DUTIES) -> int:
    """Run the bot; 2 if it is set up wrongly (what is wrong is printed), 1 if something it needs is away."""
    try:
        with asyncio.Runner(loop_factory=fastest_loop()) as runner:
            runner.run(_run(demo, duties))
    except ConfigError as error:
        return _complain(error.problems, 2)
    except Refused as error:
        return _complain([f"the platform refuses the token ({error.code}); see `vouch doctor`"], 1)
    except PortTakenError:
        return _complain(
            ["VOUCH_HOST, VOUCH_PORT: another program listens there, or it is no address of this machine"], 2
        )
    except AWAY as error:
        return _complain([f"the database does not answer ({why_away(error)}); see `vouch doctor`"], 1)
    return 0


def _complain(lines: Sequence[str], code: int) -> int:
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the answer of a command
    return code
