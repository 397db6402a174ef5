"""A server on 127.0.0.1 that answers with exactly the bytes it was told to, or breaks off where it was told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

DATE = "Sun, 22 Nov 2026 18:00:00 GMT"


class Break(Enum):
    """Where the server breaks off: before it reads a request, after it has read all of it, or never, in silence."""

    BEFORE = auto()
    AFTER = auto()
    SILENCE = auto()


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as it came in; `line` is its first one."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)


def reply(status: int, told: object = None, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """Return an answer; `told` is sent as JSON."""
    body = body if told is None else json.dumps(told).encode()
    named = {"Date": DATE, "Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Word\r\n{lines}\r\n".encode() + body


@dataclass(slots=True)
class RawServer:
    """What was asked, and what is answered next; when nothing is left, the last answer is given again."""

    address: str = ""
    asked: list[Request] = field(default_factory=list)
    answers: list[bytes | Break] = field(default_factory=list)

    def will(self, *answers: bytes | Break) -> None:
        """Answer the next requests so."""
        self.answers[:] = answers

    @property
    def lines(self) -> list[str]:
        """The first lines of all requests, without the protocol."""
        return [one.line.rpartition(" ")[0] for one in self.asked]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            if answer is not Break.BEFORE:
                self.asked.append(await _read(reader))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            elif answer is Break.SILENCE:
                await reader.read()  # until the other side gives up
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    line, *named = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in named)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(line=line, headers=headers, body=body)


@asynccontextmanager
async def raw_server() -> AsyncIterator[RawServer]:
    """Run the server on a free port until the end of the block."""
    held = RawServer()
    server = await asyncio.start_server(held.handle, "127.0.0.1", 0)
    held.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield held
