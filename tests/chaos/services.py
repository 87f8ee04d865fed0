"""What girasol stands on, as processes of this machine: Postgres, S3, Redis and Varnish."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.request

from line import RemoteLine
from processes import ChaosError, Process, descendants, end_with_parent, free_port, is_running, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES = ROOT / "tests/postgres"
# Not a real signature: moto does not verify it.
SIGNATURE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"
BUCKET = "spins"


def system(program):
    """A server's program, which Debian lays where only root's PATH leads."""
    return shutil.which(program) or f"/usr/sbin/{program}"


def inherited():
    """The environment without settings of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("GIRASOL", "PG", "AWS"))}


def run(command, environment=None, **options):
    """The output of a command that succeeds."""
    made = environment if environment is not None else inherited()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=made, **options)
    if done.returncode:
        raise ChaosError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def status(url, method="GET", headers=None, timeout=2):
    """The status of an answer; nothing where there is none."""
    request = urllib.request.Request(url, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None


class Postgres:
    """The tests' server, but what it has confirmed survives the end of its process."""

    def __init__(self):
        self.owner = subprocess.Popen(
            [POSTGRES / "server.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=inherited()
        )
        address = self.owner.stdout.readline().strip()
        if not address:
            raise ChaosError("Postgres did not start")
        self.folder = pathlib.Path(address.partition("@")[2].replace("%2F", "/"))
        self.psql("alter system set synchronous_commit = on")
        self.psql("alter system set autovacuum = on")
        self.control("reload")
        self.psql("create database girasol")
        self.port = free_port()
        self.line = RemoteLine(self.port, str(self.folder / ".s.PGSQL.5432"), end_with_parent)
        self.url = f"postgres://girasol@{self.line.address}/girasol"

    def psql(self, sql, database="postgres"):
        # It also has to get out of read-only.
        made = {**inherited(), "PGOPTIONS": "-c default_transaction_read_only=off"}
        command = ["psql", "-XqAt", "-h", self.folder, "-U", "girasol", "-d", database, "-c", sql]
        return run(command, made).strip()

    def control(self, *words):
        return run([POSTGRES / "control.sh", self.folder, *words], stdin=subprocess.DEVNULL)

    def processes(self):
        pid = int((self.folder / "data/postmaster.pid").read_text().split("\n", 1)[0])
        return [pid, *descendants(pid)]

    def kill(self):
        pids = self.processes()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        until("the end of Postgres", lambda: not any(is_running(pid) for pid in pids), 10)

    def start(self):
        # Its output would keep ours open.
        command = [POSTGRES / "control.sh", self.folder, "start", "-w", "-s"]
        done = subprocess.run(command, env=inherited(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode:
            raise ChaosError("Postgres did not start again")

    def restart(self):
        self.control("stop", "-m", "fast", "-w", "-s")
        self.start()

    def read_only(self, word):
        self.psql(f"alter system set default_transaction_read_only = {word}")
        self.control("reload")
        # Where connections are kept, they have to hear of it.
        self.psql("select pg_sleep(0.2)")

    def close(self):
        self.line.close()
        self.owner.stdin.close()
        self.owner.wait()
        self.owner.stdout.close()


class S3:
    """moto, with its objects on disk, and a line in front of it."""

    def __init__(self, python, folder, log):
        self.port = free_port()
        command = [python, "-B", pathlib.Path(__file__).parent / "s3.py", folder, self.port]
        self.process = Process("S3", command, log, inherited())
        self.start()
        bucket = f"http://127.0.0.1:{self.port}/{BUCKET}"
        if status(bucket, "PUT", {"Authorization": SIGNATURE}) != 200:
            raise ChaosError(f"the bucket could not be made: {self.process.said()}")
        self.line_port = free_port()
        self.line = RemoteLine(self.line_port, f"127.0.0.1:{self.port}", end_with_parent)

    def start(self):
        self.process.start()
        self.wait()

    def wait(self):
        until("the start of S3", lambda: status(f"http://127.0.0.1:{self.port}/") is not None, 30)

    def kill(self):
        self.process.kill()

    def close(self):
        self.line.close()
        self.process.kill()


class Redis:
    """Debian's Redis, in memory alone."""

    def __init__(self, log):
        self.port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "", "--appendonly", "no"]
        self.process = Process("Redis", command, log, inherited())
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def command(self, *words):
        return run(["redis-cli", "-h", "127.0.0.1", "-p", self.port, *words]).strip()

    def start(self):
        self.process.start()

        def answers():
            try:
                return self.command("ping") == "PONG"
            except ChaosError:
                return False

        until("the start of Redis", answers, 15)

    def kill(self):
        self.process.kill()

    def close(self):
        self.process.kill()


class Varnish:
    """What `girasol edge varnish` prints, in front of all servers."""

    INTERVAL_S = 1

    def __init__(self, folder, log):
        self.folder, self.log = folder, log
        self.port = free_port()
        self.at = f"127.0.0.1:{self.port}"
        self.runs = 0
        self.process = None

    def configure(self, printed, servers):
        """A server that is ready comes first; where none is, one that is live still gives what it knows."""
        (self.folder / "girasol.vcl").write_text(printed.replace(".interval = 2s;", f".interval = {self.INTERVAL_S}s;"))
        backends, fill = [], []
        for index, server in enumerate(servers):
            for kind in ["ready", "live"]:
                name = "girasol" if (index, kind) == (0, "live") else f"{kind}_{index}"
                if name != "girasol":
                    backends.append(self.backend(name, server, kind))
                fill.append(f"    {kind}.add_backend({name});")
        text = (pathlib.Path(__file__).parent / "servers.vcl").read_text()
        text = text.replace("# backends", "\n".join(backends)).replace("    # fill", "\n".join(fill))
        (self.folder / "servers.vcl").write_text(text)

    def backend(self, name, server, kind):
        host, port = server.at.split(":")
        return (
            f'backend {name} {{\n    .host = "{host}";\n    .port = "{port}";\n    .connect_timeout = 2s;\n'
            "    .first_byte_timeout = 30s;\n    .between_bytes_timeout = 30s;\n"
            f'    .probe = {{ .url = "/api/health/{kind}"; .interval = {self.INTERVAL_S}s; .timeout = 1s; '
            ".window = 4; .threshold = 3; .initial = 3; }\n}"
        )

    def start(self):
        self.runs += 1
        self.name = self.folder / f"varnish-{self.runs}"
        command = [system("varnishd"), "-F", "-a", self.at, "-f", self.folder / "servers.vcl", "-n", self.name]
        command += ["-p", "http_gzip_support=off", "-p", f"vcl_path={self.folder}", "-s", "malloc,128m"]
        if os.getuid():
            command += ["-j", "none"]
        self.process = Process("Varnish", command, self.log, inherited())
        self.process.start()
        alive = f"http://{self.at}/api/health/live"
        until("the start of Varnish", lambda: status(alive) is not None or not self.process.runs, 30)
        if not self.process.runs:
            raise ChaosError(f"Varnish did not start: {self.process.said()}")

    def healthy(self):
        """How many probes of servers succeed: two of each server that is ready."""
        listed = json.loads(run([shutil.which("varnishadm") or "/usr/bin/varnishadm", "-n", self.name, "backend.list", "-j"]))
        found = [one for one in listed if isinstance(one, dict)]
        backends = {name: one for group in found for name, one in group.items() if name.startswith("boot.")}
        return sum(1 for one in backends.values() if one.get("type") == "backend" and one["probe_message"][2] == "healthy")

    def kill(self):
        self.process.kill()

    def close(self):
        if self.process:
            self.process.kill()
