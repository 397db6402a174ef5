"""What stands in front of replicas: who refuses is passed over, and what was sent is never sent to another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.fleet.balancer import Balancer
from playground.ports import free_port

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Replica:
    """A server that notes what it is asked; one that `dies` closes the connection instead of answering."""

    dies: bool = False
    asked: list[bytes] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Replica"]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            if not self.dies:
                writer.write(ANSWER)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    answer = await reader.read()
    writer.close()
    return answer


async def test_each_connection_goes_to_the_next_replica_that_accepts() -> None:
    async with Replica().serve() as first, Replica().serve() as second:
        front = Balancer([first.port, free_port(), second.port])
        await front.start()
        assert [await ask(front.port) for _ in range(6)] == [ANSWER] * 6
        assert min(len(first.asked), len(second.asked)) >= 2
        await front.stop()


async def test_what_was_sent_to_one_that_dies_is_not_sent_to_another() -> None:
    async with Replica(dies=True).serve() as dying, Replica().serve() as other:
        front = Balancer([dying.port, other.port])
        await front.start()
        answers = [await ask(front.port) for _ in range(2)]
        assert sorted(answers) == [b"", ANSWER]
        assert (dying.asked, other.asked) == ([REQUEST], [REQUEST])
        await front.stop()


async def test_without_any_replica_the_answer_says_so() -> None:
    front = Balancer([free_port()])
    await front.start()
    assert (await ask(front.port)).startswith(b"HTTP/1.1 503 ")
    await front.stop()
