"""What wrk and h2load ask of a server, and what comes of it."""

import re
import subprocess
import tempfile
from types import SimpleNamespace

CORE = "1"
CONNECTIONS = 64


class Load:
    """Requests that come by turns: (path, headers), or (path, headers, the file that other servers have for it)."""

    def __init__(self, name, requests, method="GET", status=200, etag=None, tool="wrk"):
        self.name, self.requests, self.method, self.status, self.etag = name, requests, method, status, etag
        self.tool = tool

    def is_one_file(self):
        return len(self.requests) == 1 and self.status == 200 and self.requests[0][0].startswith(("/s/", "/p/"))

    def asked(self, server):
        """Every request as this server takes it."""
        for path, headers, *file in self.requests:
            address = server.address(path, file[0] if file else None)
            if self.etag:
                # nginx makes its own.
                tag = server.fetch(address).headers["etag"]
                headers = {name: tag if value == "ETAG" else value for name, value in headers.items()}
            yield address, headers

    def check(self, server):
        """Ends the run unless this server answers each request as expected."""
        for path, headers in self.asked(server):
            answer = server.fetch(path, headers, self.method)
            if answer.status != self.status and not (path.startswith("/api/health") and server.name != "Girasol"):
                raise SystemExit(f"{server.name} answers {answer.status} to {self.name}: {path}")

    def drive(self, server, seconds):
        return self.by_h2load(server, seconds) if self.tool == "h2load" else self.by_wrk(server, seconds)

    def by_h2load(self, server, seconds):
        """By the other client, which gives no percentiles."""
        before = server.cpu()
        succeeded = self.h2load(server, seconds)
        cpu = server.cpu() - before
        return SimpleNamespace(
            rate=succeeded / seconds,
            micros=cpu / succeeded * 1e6,
            p50=None,
            p99=None,
            mib=server.memory() / 2**20,
        )

    def at_rate(self, server, seconds, rate):
        """So many requests a second, spread over all connections: milliseconds of a request, (half, 99 of a hundred)."""
        with tempfile.NamedTemporaryFile("r", suffix=".tsv") as log:
            self.h2load(server, seconds, f"--rps={rate / CONNECTIONS:.1f}", f"--log-file={log.name}")
            times = sorted(int(line.split("\t")[2]) for line in log)
        return tuple(times[int(len(times) * share)] / 1000 for share in (0.5, 0.99))

    def h2load(self, server, seconds, *more):
        """How many requests were answered."""
        [(path, headers)] = self.asked(server)
        lines = [f"-H{name}: {value}" for name, value in headers.items()]
        command = ["taskset", "-c", CORE, "h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"-D{seconds}", *more, *lines]
        command += [f"-H:method: {self.method}", f"http://127.0.0.1:{server.port}{path}"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        succeeded, failed = re.search(r"(\d+) succeeded, (\d+) failed", said).groups()
        if failed != "0":
            raise SystemExit(f"{server.name} fails {failed} requests: {self.name}")
        return int(succeeded)

    def by_wrk(self, server, seconds):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(self.script(server))
            script.flush()
            url = f"http://127.0.0.1:{server.port}"
            command = ["taskset", "-c", CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script.name, url]
            before = server.cpu()
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            cpu = server.cpu() - before
        requests = int(re.search(r"(\d+) requests in", said)[1])
        answered = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        if self.status < 400 and answered and not self.name == "liveness":
            raise SystemExit(f"{server.name} fails {answered[1]} requests: {self.name}")
        if broken := re.search(r"Socket errors: .*", said):
            raise SystemExit(f"{server.name}: {broken[0]}")
        at = lambda share: milliseconds(re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", said))
        return SimpleNamespace(
            rate=float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
            micros=cpu / requests * 1e6,
            p50=at(50),
            p99=at(99),
            mib=server.memory() / 2**20,
        )

    def script(self, server):
        lines = []
        for path, headers in self.asked(server):
            pairs = ", ".join(f"[{quoted(name)}] = {quoted(value)}" for name, value in headers.items())
            lines.append(f"  wrk.format({quoted(self.method)}, {quoted(path)}, {{{pairs}}}),")
        return "\n".join(
            [
                "function init(args)",
                "  requests = {",
                *lines,
                "  }",
                "end",
                "local turn = 0",
                "function request()",
                "  turn = turn % #requests + 1",
                "  return requests[turn]",
                "end",
            ]
        )


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def milliseconds(found):
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]
