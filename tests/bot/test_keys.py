"""`vouch keys`: everything is sealed anew, also after a run that was cut, and beside a process that goes on sealing."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.operate import keys
from storage.engine import Sessions, sqlite_url
from storage.models import Account, Connecting, InstanceApp, Member
from storage.queries import seals
from storage.vault import FILE, Vault, new_key
from tests.handlers.conftest import NOW
from tests.tables import add_tables

MANY = 23


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a database, as the commands find it, in which portions are small."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("VOUCH_DATABASE_URL", "VOUCH_TOKEN_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VOUCH_DATA", str(folder))
    monkeypatch.setattr(keys, "SETTLING_SECONDS", 0.0)
    monkeypatch.setattr(seals, "PORTION", 5)
    return folder


def within(data: Path, work: Callable[[AsyncSession], object], *, is_new: bool = False) -> None:
    """Do something in one transaction of the database."""

    async def run() -> None:
        sessions = Sessions(sqlite_url(data))
        if is_new:
            await add_tables(sessions)
        try:
            async with sessions.begin() as session:
                done = work(session)
                if asyncio.iscoroutine(done):
                    await done
        finally:
            await sessions.close()

    asyncio.run(run())


def fill(data: Path, vault: Vault) -> None:
    """Seal something in every column that there is for it."""

    def add_members(session: AsyncSession) -> None:
        for number in range(1, MANY + 1):
            who = {"platform": "slack", "tenant_ref": "T", "person_ref": f"U{number}", "name": "", "locale": "en"}
            session.add(Member(id=number, zone="UTC", joined_at=NOW, muted_topics=[], **who))

    def add_sealed(session: AsyncSession) -> None:
        accounts = (_account(number, vault) for number in range(1, MANY + 1))
        session.add_all([*accounts, _app(vault), _connecting(vault)])

    within(data, add_members, is_new=True)
    within(data, add_sealed)


def _account(number: int, vault: Vault) -> Account:
    return Account(
        member_id=number,
        identity_id=number,
        network="x",
        remote_hash=number.to_bytes(16),
        sealed_remote_id=vault.seal(f"id {number}"),
        sealed_access=vault.seal(f"access {number}"),
        sealed_refresh=vault.seal(f"refresh {number}") if number % 2 else None,
        connected_at=NOW,
    )


def _app(vault: Vault) -> InstanceApp:
    return InstanceApp(
        network="mastodon",
        server="https://m.example",
        redirect_uri="https://v.example",
        client_id="c",
        sealed_client_secret=vault.seal("app"),
        made_at=NOW,
    )


def _connecting(vault: Vault) -> Connecting:
    whose = {"member_id": 1, "identity_id": 1, "network": "x"}
    sealed = vault.seal("verifier")
    return Connecting(token_hash=b"t" * 16, sealed_verifier=sealed, expires_at=NOW + timedelta(days=1), **whose)


def everything(data: Path) -> list[bytes]:
    """Return all that is sealed."""
    found: list[bytes] = []

    async def read(session: AsyncSession) -> None:
        for place in seals.list_places():
            column = place.table.c[place.column]
            found.extend(await session.scalars(select(column).where(column.is_not(None))))

    within(data, read)
    return found


EXPECTED = {
    *(f"{word} {number}" for word in ("id", "access") for number in range(1, MANY + 1)),
    *(f"refresh {number}" for number in range(1, MANY + 1, 2)),
    "app",
    "verifier",
}


def test_rotating_seals_everything_with_a_new_key_and_forgets_the_old_one(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(data, Vault(data))
    before = (data / FILE).read_text()
    assert keys.rotate_keys() == 0
    assert f"{len(EXPECTED)} sealed values carry the newest key now" in capsys.readouterr().out
    now = (data / FILE).read_text().split()
    assert len(now) == 1
    assert now[0] not in before
    vault = Vault(data)
    assert {vault.open(one) for one in everything(data)} == EXPECTED


def test_a_run_that_was_cut_is_finished_by_the_next_one_without_another_key(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(data, Vault(data))
    with monkeypatch.context() as patch:
        patch.setattr(seals, "replace_sealed", _cut_after(17))
        with pytest.raises(KeyboardInterrupt):
            keys.rotate_keys()
    vault = Vault(data)
    assert vault.count_keys() == 2
    assert {vault.open(one) for one in everything(data)} == EXPECTED
    assert 0 < sum(vault.is_newest(one) for one in everything(data)) < len(EXPECTED)
    newest = (data / FILE).read_text().split()[0]
    assert keys.rotate_keys() == 0
    assert (data / FILE).read_text().split() == [newest]
    assert {Vault(data).open(one) for one in everything(data)} == EXPECTED
    assert "1 old keys are forgotten" in capsys.readouterr().out


def _cut_after(count: int) -> Callable[..., object]:
    real, left = seals.replace_sealed, [count]

    async def replace(session: AsyncSession, sealed: seals.Sealed, value: bytes) -> bool:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return await real(session, sealed, value)

    return replace


def test_what_a_running_process_seals_or_changes_meanwhile_is_not_written_over(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(data, Vault(data))
    running, real = Vault(data), seals.list_sealed
    is_done: list[bool] = []

    async def interrupted(session: AsyncSession, place: seals.Place, *, after: tuple[object, ...] | None) -> object:
        found = await real(session, place, after=after)
        if place.column == "sealed_access" and not is_done:
            is_done.append(True)
            sessions = Sessions(sqlite_url(data))
            async with sessions.begin() as other:
                fresh = running.seal("renewed")
                await other.execute(update(Account).where(Account.id == 1).values(sealed_access=fresh))
            await sessions.close()
        return found

    monkeypatch.setattr(seals, "list_sealed", interrupted)
    assert keys.rotate_keys() == 0
    found = {Vault(data).open(one) for one in everything(data)}
    assert found == EXPECTED - {"access 1"} | {"renewed"}


def test_what_no_key_opens_is_counted_and_left(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(data, Vault(data))
    lost = Vault(data, given=[new_key()]).seal("of another time")
    within(data, lambda session: session.execute(update(Account).where(Account.id == 2).values(sealed_access=lost)))
    assert keys.rotate_keys() == 0
    assert "1 can be opened by no key" in capsys.readouterr().out
    assert lost in everything(data)


def test_keys_of_the_environment_are_the_operators_who_is_told_which_to_take_out(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, newest = new_key(), new_key()
    fill(data, Vault(data, given=[old]))
    monkeypatch.setenv("VOUCH_TOKEN_KEYS", f"{newest},{old}")
    assert keys.rotate_keys() == 0
    said = capsys.readouterr().out
    assert "keep the first key of VOUCH_TOKEN_KEYS; the 1 after it" in said
    assert newest not in said
    assert {Vault(data, given=[newest]).open(one) for one in everything(data)} == EXPECTED
    assert not (data / FILE).exists()


def test_keys_that_cannot_be_read_end_with_a_line_that_says_where(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(data, Vault(data))
    (data / FILE).write_text("nonsense\n")
    assert keys.rotate_keys() == 2
    said = capsys.readouterr().err
    assert str(data / FILE) in said
    assert "nonsense" not in said


def test_a_key_that_was_made_can_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert keys.print_key() == 0
    made = capsys.readouterr().out.strip()
    assert Vault(Path("nowhere"), given=[made]).open(Vault(Path("nowhere"), given=[made]).seal("a")) == "a"


def test_every_secret_of_an_account_is_in_a_column_that_is_sealed() -> None:
    places = {(one.table.name, one.column) for one in seals.list_places()}
    assert places == {
        ("account", "sealed_remote_id"),
        ("account", "sealed_access"),
        ("account", "sealed_refresh"),
        ("connecting", "sealed_verifier"),
        ("installation", "sealed_probe"),
        ("instance_app", "sealed_client_secret"),
    }
