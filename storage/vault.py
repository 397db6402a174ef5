"""The vault: seals what must not stand in the database in clear, with keys that can be changed.

The keys lie in the data folder, or in the environment where several machines share one database; the newest is first.
Cipher: Fernet (AES-128-CBC with HMAC-SHA-256), https://cryptography.io/en/latest/fernet/.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

FILE = "tokens.keys"
LOCK = "tokens.lock"


class SealBrokenError(Exception):
    """What was sealed cannot be opened with any key that there is; nothing of it is in the message."""


class KeysUnreadableError(Exception):
    """The keys cannot be read or written; the message says where and what to do, and holds nothing of them."""


class Vault:
    """Seals and opens texts. Its keys are read when they are first needed, and again when they have been changed."""

    def __init__(self, folder: Path, *, given: Sequence[str] = ()) -> None:
        """Use the keys in `folder`, or those `given`, newest first; a folder without any gets one once it is needed."""
        self._folder = folder
        self._path = folder / FILE
        self._given = tuple(given)
        self._lock = Lock()
        self._read_at: tuple[int, int] | None = None
        self._keys: tuple[Fernet, ...] = ()

    def seal(self, text: str) -> bytes:
        """Return `text` sealed with the newest key."""
        return self._current()[0].encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Return what was sealed; raises `SealBrokenError`."""
        return self._opened(sealed).decode()

    def reseal(self, sealed: bytes) -> bytes:
        """Return the same thing sealed with the newest key; raises `SealBrokenError`."""
        return self._current()[0].encrypt(self._opened(sealed))

    def is_newest(self, sealed: bytes) -> bool:
        """Say whether something is sealed with the newest key."""
        try:
            self._current()[0].decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def check(self) -> None:
        """Read the keys, if there are any yet; raises `KeysUnreadableError`."""
        if self._given or self._path.exists():
            self._current()

    def can_open(self, sealed: bytes) -> bool:
        """Say whether a key that there is opens something."""
        try:
            self._opened(sealed)
        except SealBrokenError:
            return False
        return True

    def count_keys(self) -> int:
        """Return how many keys there are; 0 before the first is needed."""
        return len(self._given or self._held())

    def add_key(self) -> None:
        """Make a new key the newest; what the others sealed can still be opened. Only for keys in the folder."""
        with self._alone():
            self._write([new_key(), *self._held()])

    def drop_old_keys(self) -> int:
        """Forget all keys but the newest, once everything was resealed; returns how many."""
        with self._alone():
            held = self._held()
            self._write(held[:1])
        return max(len(held) - 1, 0)

    @property
    def is_given(self) -> bool:
        """Whether the keys come from the environment, where only the operator can change them."""
        return bool(self._given)

    def _opened(self, sealed: bytes) -> bytes:
        if not self._given and not self._path.exists():
            raise SealBrokenError  # a first key would open nothing
        try:
            return MultiFernet(self._current()).decrypt(sealed)
        except InvalidToken:
            raise SealBrokenError from None

    def _current(self) -> tuple[Fernet, ...]:
        with self._lock:
            if self._given:
                self._keys = self._keys or self._ring(self._given)
                return self._keys
            if not self._path.exists():
                self._make_first()
            is_now = self._path.stat()
            changed_at = (is_now.st_mtime_ns, is_now.st_ino)
            if changed_at != self._read_at:
                self._keys, self._read_at = self._ring(self._held()), changed_at
            return self._keys

    def _make_first(self) -> None:
        with self._alone():
            if not self._path.exists():  # another process may have been first
                self._write([new_key()])

    def _ring(self, keys: Sequence[str]) -> tuple[Fernet, ...]:
        try:
            ring = tuple(Fernet(one) for one in keys)
        except ValueError:
            ring = ()
        if not ring:
            raise KeysUnreadableError(
                f"{self._path}: holds no keys that can be used; put it back from a backup (docs/operations.md#keys)"
            )
        return ring

    def _held(self) -> list[str]:
        try:
            return self._path.read_text(encoding="ascii").split() if self._path.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise KeysUnreadableError(_cannot(self._path, "read", error)) from None

    def _write(self, keys: Sequence[str]) -> None:
        """Put `keys` in the place of those before, all at once; only this user may read them."""
        try:
            descriptor, beside = tempfile.mkstemp(dir=self._folder, prefix=f".{FILE}-")
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write("\n".join(keys) + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(self._path)
        except OSError as error:
            raise KeysUnreadableError(_cannot(self._path, "written", error)) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes on this machine from changing the keys until the block ends."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise KeysUnreadableError(_cannot(self._path, "written", error)) from None
        with os.fdopen(descriptor, "r"):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield


def new_key() -> str:
    """Return a new key."""
    return Fernet.generate_key().decode()


def _cannot(path: Path, deed: str, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) else "it is no text"
    return f"{path}: cannot be {deed} ({why}); the user that Vouch runs as must own it (docs/operations.md#keys)"
