"""The vault: only its keys open what it seals; they are made once, changed while others work, and for us alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.vault import FILE, KeysUnreadableError, SealBrokenError, Vault, new_key

SECRET = "a token, ünîcode included"  # noqa: S105 - of these tests


def test_what_is_sealed_opens_and_is_not_there_in_clear(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    sealed = vault.seal(SECRET)
    assert SECRET.encode() not in sealed
    assert vault.open(sealed) == Vault(tmp_path).open(sealed) == SECRET
    assert vault.seal(SECRET) != sealed


@pytest.mark.parametrize("broken", [b"", b"no seal", b"gAAAAABh" + b"A" * 80])
def test_what_was_not_sealed_here_does_not_open(tmp_path: Path, broken: bytes) -> None:
    vault = Vault(tmp_path)
    vault.seal(SECRET)
    for deed in (vault.open, vault.reseal):
        with pytest.raises(SealBrokenError) as raised:
            deed(broken)
        assert str(raised.value) == ""
    assert not vault.can_open(broken)


def test_a_changed_seal_does_not_open(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    sealed = bytearray(vault.seal(SECRET))
    sealed[-9] ^= 1
    with pytest.raises(SealBrokenError):
        vault.open(bytes(sealed))


def test_the_keys_are_for_our_user_alone(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "new")
    vault.seal(SECRET)
    vault.add_key()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "new").iterdir()] == [0o600, 0o600]


def test_of_many_that_need_the_first_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    vaults = [Vault(tmp_path) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        sealed = list(pool.map(lambda one: one.seal(SECRET), vaults))
    assert Vault(tmp_path).count_keys() == 1
    assert {Vault(tmp_path).open(one) for one in sealed} == {SECRET}


def test_keys_added_at_once_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Vault(tmp_path).add_key(), range(8)))
    assert Vault(tmp_path).count_keys() == 8


def test_a_running_process_uses_a_new_key_at_once_and_old_seals_open_until_it_is_dropped(tmp_path: Path) -> None:
    running, rotating = Vault(tmp_path), Vault(tmp_path)
    before = running.seal(SECRET)
    rotating.add_key()
    after = running.seal(SECRET)
    assert (rotating.is_newest(before), rotating.is_newest(after)) == (False, True)
    fresh = rotating.reseal(before)
    assert rotating.drop_old_keys() == 1
    assert running.open(fresh) == running.open(after) == SECRET
    with pytest.raises(SealBrokenError):
        running.open(before)


def test_where_the_keys_are_gone_nothing_is_opened_and_none_is_made_for_it(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal(SECRET)
    (tmp_path / FILE).unlink()
    with pytest.raises(SealBrokenError):
        Vault(tmp_path).open(sealed)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("held", ["", "nonsense\n", "ünîcode\n", "A" * 43 + "\n"])
def test_a_file_without_usable_keys_is_named_and_never_written_over(tmp_path: Path, held: str) -> None:
    (tmp_path / FILE).write_text(held, encoding="utf-8")
    for deed in (Vault(tmp_path).check, lambda: Vault(tmp_path).seal(SECRET)):
        with pytest.raises(KeysUnreadableError) as raised:
            deed()
        assert str(tmp_path / FILE) in str(raised.value)
        assert "docs/operations.md#keys" in str(raised.value)
        assert not held.strip() or held.strip() not in str(raised.value)
    assert (tmp_path / FILE).read_text(encoding="utf-8") == held


def test_keys_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(KeysUnreadableError, match="cannot be read"):
        Vault(tmp_path).check()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysUnreadableError, match="cannot be written"):
        Vault(tmp_path / "file").seal(SECRET)


def test_keys_from_the_environment_leave_the_folder_alone(tmp_path: Path) -> None:
    old, newest = new_key(), new_key()
    sealed = Vault(tmp_path, given=[old]).seal(SECRET)
    vault = Vault(tmp_path, given=[newest, old])
    assert vault.is_given
    assert (vault.open(sealed), vault.is_newest(sealed), vault.count_keys()) == (SECRET, False, 2)
    assert vault.is_newest(vault.reseal(sealed))
    assert list(tmp_path.iterdir()) == []
