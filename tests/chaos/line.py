"""A line between the program under test and a service, which can be made bad: a TCP proxy.

`line.py PORT UPSTREAM` listens on loopback and leads to HOST:PORT or to a socket's path. A line on standard input
names what becomes of connections from then on, and is answered with `ok`:

pass         all is passed on
stall        nothing is passed on, either way; what waits goes on with the next command
unavailable  each request is answered with 503, as S3 does
cut          half of all requests or answers are cut off in the middle
flaky        each connection is reset within two seconds
drop         all connections are reset, and new ones too
far          each answer comes 20 ms later, as from another city
"""

import asyncio
import random
import socket
import struct
import subprocess
import sys

UNAVAILABLE_BODY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
UNAVAILABLE = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    % (len(UNAVAILABLE_BODY), UNAVAILABLE_BODY)
)
FAR_S = 0.02
RESET = struct.pack("ii", 1, 0)


class Line:
    """The proxy itself, in a process of its own."""

    def __init__(self, upstream):
        self.upstream, self.mode = upstream, "pass"
        self.changed = asyncio.Event()
        self.open = set()

    def set(self, mode):
        self.mode = mode
        if mode == "drop":
            for writer in list(self.open):
                reset(writer)
        self.changed.set()
        self.changed = asyncio.Event()

    async def accept(self, reader, writer):
        self.open.add(writer)
        far = None
        try:
            await self.while_stalled()
            if self.mode == "drop":
                return reset(writer)
            host, _, port = self.upstream.rpartition(":")
            if host:
                far = await asyncio.open_connection(host, int(port))
            else:
                far = await asyncio.open_unix_connection(self.upstream)
            self.open.add(far[1])
            here = Connection(self, reader, writer, *far)
            await here.run()
        except OSError:
            reset(writer)
        finally:
            for one in [writer, far[1] if far else None]:
                if one:
                    self.open.discard(one)
                    one.close()

    async def while_stalled(self):
        while self.mode == "stall":
            await self.changed.wait()


class Connection:
    """One connection, and how much of the present request and its answer may pass."""

    def __init__(self, line, near_reader, near_writer, far_reader, far_writer):
        self.line = line
        self.near, self.far = (near_reader, near_writer), (far_reader, far_writer)
        # A server that speaks first is not cut.
        self.begins, self.request_left, self.answer_left = True, sys.maxsize, sys.maxsize

    async def run(self):
        ways = [asyncio.create_task(self.requests()), asyncio.create_task(self.answers())]
        try:
            while not all(way.done() for way in ways):
                wait = random.uniform(0.1, 2) if self.line.mode == "flaky" else None
                change = asyncio.create_task(self.line.changed.wait())
                done, _ = await asyncio.wait([*ways, change], timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
                if self.line.mode == "flaky" and wait and not done:
                    return self.reset()
                if any(way.done() for way in ways):
                    break
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    def reset(self):
        reset(self.near[1])
        reset(self.far[1])

    async def requests(self):
        reader, writer = self.near[0], self.far[1]
        while chunk := await reader.read(65536):
            await self.line.while_stalled()
            if self.line.mode == "unavailable":
                self.near[1].write(UNAVAILABLE)
                await self.near[1].drain()
                return
            if self.begins:
                self.begins, self.request_left, self.answer_left = False, *self.allowance()
            self.request_left -= len(chunk)
            if self.request_left < 0:
                return self.reset()
            writer.write(chunk)
            await writer.drain()

    async def answers(self):
        reader, writer = self.far[0], self.near[1]
        while chunk := await reader.read(65536):
            await self.line.while_stalled()
            if self.line.mode == "far" and not self.begins:
                await asyncio.sleep(FAR_S)
            self.begins = True
            if len(chunk) > self.answer_left:
                writer.write(chunk[: self.answer_left])
                await writer.drain()
                return self.reset()
            self.answer_left -= len(chunk)
            writer.write(chunk)
            await writer.drain()

    def allowance(self):
        """Bytes that may pass of a request and of its answer."""
        whole = (sys.maxsize, sys.maxsize)
        if self.line.mode != "cut":
            return whole
        in_request, in_answer = (random.randint(100, 4000), sys.maxsize), (sys.maxsize, random.randint(50, 4000))
        return random.choice([whole, whole, in_request, in_answer])


def reset(writer):
    """Ends a connection with RST."""
    if writer.is_closing():
        return
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_INET:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def serve(port, upstream):
    line = Line(upstream)
    server = await asyncio.start_server(line.accept, "127.0.0.1", port)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print("ok", flush=True)
    while command := await commands.readline():
        line.set(command.decode().strip())
        print("ok", flush=True)
    server.close()


class RemoteLine:
    """A line, as the harness sees it."""

    def __init__(self, port, upstream, preexec):
        self.address = f"127.0.0.1:{port}"
        command = [sys.executable, "-B", __file__, str(port), upstream]
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=preexec
        )
        self.answered()

    def answered(self):
        if self.child.stdout.readline().strip() != "ok":
            raise OSError("the line does not answer")

    def set(self, mode):
        self.child.stdin.write(f"{mode}\n")
        self.child.stdin.flush()
        self.answered()

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
