"""What the tests of deploy/ share: the real binary, and the files as the tools read them."""

import functools
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BINARY = os.environ["GIRASOL"]
# Programs that pip has put beside this Python.
TOOLS = pathlib.Path(sys.executable).parent
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())


def system(program):
    """A server's program, which Debian lays where only root's PATH leads."""
    return shutil.which(program) or f"/usr/sbin/{program}"


def run(*command, **options):
    """The output of a command that succeeds."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def environment(variables=None):
    """That of this process without settings of its own, and these variables."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIRASOL", "PG"))}
    return {**inherited, **(variables or {})}


def check_settings(text, variables):
    """Has the program read settings and variables: a command that reads all of them and touches nothing."""
    with tempfile.TemporaryDirectory(prefix="girasol-deploy-") as folder:
        file = pathlib.Path(folder) / "girasol.toml"
        file.write_text(text)
        given = environment({name: str(value) for name, value in variables.items() if name.startswith("GIRASOL_")})
        return run(BINARY, "edge", "varnish", "--origin", "a:1", "--config", file, env=given)


def compose():
    """The Compose file with the defaults of its variables, and with secrets for the test."""
    text = (DEPLOY / "compose/compose.yaml").read_text()
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    return yaml.safe_load(re.sub(r"\$\{\w+:\?[^}]*\}", "secret", text))


def dotenv(text):
    """The variables of an .env file."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


@functools.cache
def kubernetes(overlay):
    """The objects of an overlay, as kustomize builds them."""
    built = run(TOOLS / "kubectl", "kustomize", DEPLOY / "kubernetes/overlays" / overlay)
    return [document for document in yaml.safe_load_all(built) if document]


def overlays():
    return sorted(path.name for path in (DEPLOY / "kubernetes/overlays").iterdir())


def container_of(document):
    """The only container of a Deployment or a Job."""
    [container] = document["spec"]["template"]["spec"]["containers"]
    return container


def dockerfile():
    """The lines of the Dockerfile, those that go on in the next one joined."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def instructions(name):
    """What stands behind each instruction of this name."""
    return [line.split(None, 1)[1] for line in dockerfile() if line.split(None, 1)[0] == name]


def image_environment():
    """The variables that the image sets."""
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in line.split())


def worker_stops_within_seconds():
    """How long a worker has to give its job back, as the program has it."""
    text = (ROOT / "src/app.rs").read_text()
    [minutes] = re.findall(r"const WORKER_STOPS_WITHIN: Duration = Duration::from_mins\((\d+)\);", text)
    return int(minutes) * 60


def server_stops_within_seconds(settings):
    """How long a server without workers takes to end, by its settings."""
    defaults = (ROOT / "girasol.example.toml").read_text()

    def value(name):
        [default] = re.findall(rf"^#{name} = (\d+)$", defaults, re.M)
        return settings.get("server", {}).get(name, int(default))

    return value("unready_seconds") + value("drain_seconds") + value("shutdown_seconds")


class Server:
    """The real server over an empty data folder, which ends with its block."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="girasol-deploy-")
        command = [BINARY, "serve", "--data", self.folder.name, "--listen", "127.0.0.1:0", "--log", "warn"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
        self.address = self.process.stdout.readline().split("http://")[1].split("/")[0]
        self.port = self.address.rsplit(":", 1)[1]
        return self

    def status(self, path):
        return status(f"http://{self.address}{path}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_):
        self.kill()
        self.process.stdout.close()
        self.folder.cleanup()


class Worker:
    """The real worker over an empty data folder, with its listener for operators."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="girasol-deploy-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        made = environment({"GIRASOL_SERVER__OPERATOR_LISTEN": self.address})
        self.process = subprocess.Popen([BINARY, "work", "--data", self.folder.name, "--log", "warn"], env=made)
        for _ in range(600):
            try:
                if self.status("/api/health/live") == 200:
                    return self
            except urllib.error.URLError:
                time.sleep(0.1)
        self.__exit__()
        raise AssertionError("the worker does not listen")

    def status(self, path):
        return status(f"http://{self.address}{path}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def status(url, method="GET", headers=None, body=None):
    """The status of an answer."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
