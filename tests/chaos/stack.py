"""The whole: three servers, two workers, and what they stand on."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from client import Record
from processes import ChaosError, Process, free_port, until
from services import BUCKET, Postgres, Redis, S3, Varnish, inherited, run, status

SETTINGS = """
[server]
trusted_proxies = ["127.0.0.1"]
unready_seconds = 6
drain_seconds = 2

[database]
url = "{database}"

[store]
kind = "s3"
bucket = "{bucket}"
region = "us-east-1"
endpoint = "http://{s3}"
path_style = true

[jobs]
in_server = false

[uploads]
disk_min_free_bytes = 8388608

[versions]
collect_always = 100000

[[purge.targets]]
name = "varnish"
kind = "varnish"
endpoints = ["http://{varnish}"]
"""
# Small pictures, where it is not the encoders that are tested.
SMALL = """
[sizes.still]
avif_px = 64
webp_px = 64
[sizes.spin]
avif_px = 96
webp_px = 96
[sizes.hd]
avif_px = 160
webp_px = 160
"""
DISK_BYTES = 64 << 20
READY_WITHIN_S = 60


class Server(Process):
    """A girasol server, with a data folder of its own."""

    def __init__(self, name, binary, config, folder, log, environment):
        self.at = f"127.0.0.1:{free_port()}"
        self.data = folder / name
        self.data.mkdir()
        command = [binary, "serve", "--no-jobs", "--config", config, "--data", self.data, "--listen", self.at]
        super().__init__(name, command, log, environment)

    def is_ready(self):
        return status(f"http://{self.at}/api/health/ready") == 200


class Worker(Process):
    """A girasol worker, with a data folder of its own."""

    def __init__(self, name, binary, config, folder, log, environment):
        self.data = folder / name
        self.data.mkdir()
        super().__init__(name, [binary, "work", "--config", config, "--data", self.data], log, environment)


class Stack:
    """Everything that runs, in the order in which it starts."""

    def __init__(self, binary, moto, logs, with_redis=True, servers=3, workers=2, sizes=SMALL):
        self.logs = logs
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        self.binary, self.moto = binary, moto
        self.temporary = tempfile.TemporaryDirectory(prefix="girasol-chaos-", ignore_cleanup_errors=True)
        self.folder = pathlib.Path(self.temporary.name)
        self.folder.chmod(0o755)
        self.mounted, self.parts = [], []
        self.record = Record()
        self.counts, self.sizes = (servers, workers), sizes
        self.with_redis = with_redis
        self.redis = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def part(self, made):
        self.parts.append(made)
        return made

    def start(self):
        self.postgres = self.part(Postgres())
        self.s3 = self.part(S3(self.moto, self.folder / "bucket", self.logs / "s3.log"))
        varnish = self.folder / "edge"
        varnish.mkdir()
        self.varnish = self.part(Varnish(varnish, self.logs / "varnish.log"))
        self.config = self.folder / "girasol.toml"
        settings = SETTINGS.format(
            database=self.postgres.url, bucket=BUCKET, s3=self.s3.line.address, varnish=self.varnish.at
        )
        settings += self.sizes
        self.config.write_text(settings)
        # Without what only newer programs know.
        self.plain_config = self.folder / "plain.toml"
        self.plain_config.write_text(settings)
        self.environment = {
            **inherited(),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "GIRASOL_LOG": "info",
        }
        if self.with_redis and shutil.which("redis-server") and self.knows_redis():
            self.redis = self.part(Redis(self.logs / "redis.log"))
            self.config.write_text(settings + f'\n[cache]\nredis = "{self.redis.url}"\n')
        self.girasol("migrate", "up")
        self.keys = [self.key("artist") for _ in range(2)]
        self.probe = self.key("artist")
        self.admin = self.key("admin")
        self.servers = [self.process(Server, f"server-{number + 1}") for number in range(self.counts[0])]
        self.workers = [self.process(Worker, f"worker-{number + 1}") for number in range(self.counts[1])]
        if self.workers:
            for one in [self.servers[0], self.workers[0]]:
                self.small_disk(one.data)
        for one in [*self.servers, *self.workers]:
            one.start()
        self.until_ready()
        printed = self.girasol("edge", "varnish", "--origin", self.servers[0].at)
        self.varnish.configure(printed, self.servers)
        self.varnish.start()

    def knows_redis(self):
        trial = self.folder / "trial.toml"
        trial.write_text('[cache]\nredis = "redis://127.0.0.1:1"\n')
        command = [self.binary, "edge", "varnish", "--origin", "a:1", "--config", trial]
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0

    def process(self, kind, name):
        made = kind(name, self.binary, self.config, self.folder, self.logs / f"{name}.log", self.environment)
        return self.part(Ending(made)).process

    def small_disk(self, folder):
        """A disk of its own for a data folder. The mount is in this process's namespace, and ends with it."""
        if os.getuid() == 0:
            run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", folder])
            self.mounted.append(folder)

    def girasol(self, *words, binary=None):
        """A command of an operator, with a data folder of its own."""
        command = [binary or self.binary, *words, "--config", self.config, "--data", self.folder / "operator"]
        return run(command, {**self.environment, "GIRASOL_LOG": "warn"})

    def key(self, role):
        return self.girasol("key", "create", "--role", role).strip()

    def until_ready(self):
        try:
            until("the readiness of all servers", lambda: all(one.is_ready() for one in self.servers), READY_WITHIN_S)
        except ChaosError as error:
            said = {one.name: one.said() for one in self.servers if not one.is_ready()}
            raise ChaosError(f"{error}: {said}") from error

    def until_varnish_sends_to_all(self):
        until("health of all servers at Varnish", lambda: self.varnish.healthy() == 2 * len(self.servers), 30)

    def close(self):
        self.record.stopped.set()
        time.sleep(0.2)
        for part in reversed(self.parts):
            try:
                part.close()
            except (OSError, ChaosError) as error:
                print(f"at the end: {error}")
        for folder in self.mounted:
            subprocess.run(["umount", "-l", folder], check=False)
        self.temporary.cleanup()


class Ending:
    """Ends a process at the end."""

    def __init__(self, process):
        self.process = process

    def close(self):
        self.process.kill()
