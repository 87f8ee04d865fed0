"""What goes wrong: each fault begins, lasts, and ends."""

import os
import pathlib
import signal
import time

from processes import ChaosError

SUPERVISOR_S = 1
STOPPED_S = 20
# unready_seconds, drain_seconds, shutdown_seconds of the settings, and some.
ENDS_WITHIN_S = 60
CLOCK_FILES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class Fault:
    """One thing that goes wrong."""

    # Words for the table, and for ARGS.
    name = words = ""
    # The only cache is away itself, and visitors repeat their requests.
    cache_goes = False
    # Every try of every request has to succeed.
    is_planned = False
    # Each server is there all the time: what it has in memory may not fail either.
    spares_servers = True
    seconds = None

    def why_not(self, stack):
        """Why this machine cannot have the fault; nothing where it can."""
        return None

    def run(self, stack, seconds):
        """Begins the fault, waits, and ends it."""
        self.begin(stack)
        try:
            stack.record.stopped.wait(self.seconds or seconds)
        finally:
            self.end(stack)

    def begin(self, stack):
        pass

    def end(self, stack):
        pass


def wait_for_jobs(stack):
    """Waits until every worker has a job, or for ten seconds."""
    running = "select count(*) from jobs where state = 'running'"
    end = time.monotonic() + 10
    while time.monotonic() < end and int(stack.postgres.psql(running, "girasol")) < len(stack.workers):
        time.sleep(0.02)


class Nothing(Fault):
    name, words = "none", "nothing, for comparison"


class Kill(Fault):
    """kill -9, and a supervisor that starts it again after a second. Of several, one after the other."""

    def victims(self, stack):
        raise NotImplementedError

    def run(self, stack, seconds):
        victims = self.victims(stack)
        for victim in victims:
            victim.kill()
            stack.record.stopped.wait(SUPERVISOR_S)
            victim.start()
            # The last one's return is what is measured afterwards.
            if victim is not victims[-1]:
                stack.record.stopped.wait(max(seconds / len(victims), 3))
                stack.until_ready()


class KillServers(Kill):
    name, words = "kill-servers", "`kill -9` of each server in turn"
    spares_servers = False

    def victims(self, stack):
        return stack.servers


class KillWorkers(Kill):
    name, words = "kill-workers", "`kill -9` of each worker in turn, in the middle of a job"

    def victims(self, stack):
        wait_for_jobs(stack)
        return stack.workers


class KillVarnish(Kill):
    name, words = "kill-varnish", "`kill -9` of Varnish, whose memory is lost"
    cache_goes = True

    def victims(self, stack):
        return [stack.varnish]


class KillS3(Kill):
    name, words = "kill-s3", "`kill -9` of the S3 server"

    def victims(self, stack):
        return [stack.s3]


class KillPostgres(Kill):
    name, words = "kill-postgres", "`kill -9` of Postgres, all of its processes"

    def victims(self, stack):
        return [stack.postgres]


class WithRedis(Fault):
    def why_not(self, stack):
        return None if stack.redis else "there is no Redis here, or the program does not use one"


class KillRedis(WithRedis, Kill):
    name, words = "kill-redis", "`kill -9` of Redis, whose memory is lost"

    def victims(self, stack):
        return [stack.redis]


class RedisFlushed(WithRedis):
    name, words = "redis-flushed", "Redis is flushed every half second"

    def run(self, stack, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stack.redis.command("flushall")
            stack.record.stopped.wait(0.5)


class RedisGone(WithRedis):
    name, words = "redis-gone", "Redis is gone"

    def begin(self, stack):
        stack.redis.kill()

    def end(self, stack):
        stack.redis.start()


class RedisStopped(WithRedis):
    name, words = "redis-stopped", "Redis stands still (SIGSTOP)"

    def begin(self, stack):
        stack.redis.process.signal(signal.SIGSTOP)

    def end(self, stack):
        stack.redis.process.signal(signal.SIGCONT)


class StopServer(Fault):
    name, words = "stop-server", "SIGSTOP of a server for 20 s"
    spares_servers = False
    seconds = STOPPED_S

    def begin(self, stack):
        stack.servers[1].signal(signal.SIGSTOP)

    def end(self, stack):
        stack.servers[1].signal(signal.SIGCONT)


class StopWorker(Fault):
    name, words = "stop-worker", "SIGSTOP of a worker for 20 s, in the middle of a job"
    seconds = STOPPED_S

    def begin(self, stack):
        wait_for_jobs(stack)
        stack.workers[1].signal(signal.SIGSTOP)

    def end(self, stack):
        stack.workers[1].signal(signal.SIGCONT)


class FullDisk(Fault):
    name, words = "full-disk", "the disks of a server and of a worker are full (tmpfs)"

    def why_not(self, stack):
        return None if stack.mounted else "mounting a small disk is root's to do"

    def begin(self, stack):
        for folder in stack.mounted:
            with (folder / "filler").open("wb", buffering=0) as file:
                try:
                    while file.write(bytes(1 << 16)):
                        pass
                except OSError:
                    continue

    def end(self, stack):
        for folder in stack.mounted:
            (folder / "filler").unlink()


class Line(Fault):
    """The line to a part of the stack."""

    part = mode = ""

    def begin(self, stack):
        getattr(stack, self.part).line.set(self.mode)

    def end(self, stack):
        getattr(stack, self.part).line.set("pass")


class S3Line(Line):
    part = "s3"


class S3Unavailable(S3Line):
    name, words, mode = "s3-503", "S3 answers 503", "unavailable"


class S3Stalls(S3Line):
    name, words, mode = "s3-stalls", "S3 stalls: connections stay open, and nothing comes", "stall"


class S3Cuts(S3Line):
    name, words, mode = "s3-cuts", "S3 cuts off half of all bodies", "cut"


class PostgresRestarted(Fault):
    name, words = "postgres-restart", "Postgres is restarted (`pg_ctl stop -m fast`, start)"

    def run(self, stack, seconds):
        stack.postgres.restart()


class PostgresReadOnly(Fault):
    name, words = "postgres-read-only", "Postgres is read-only (`default_transaction_read_only`), and back"

    def begin(self, stack):
        stack.postgres.read_only("on")

    def end(self, stack):
        stack.postgres.read_only("off")


class PostgresLine(Line):
    part = "postgres"


class PostgresFlaky(PostgresLine):
    name, words, mode = "postgres-flaky", "the network resets each connection to Postgres within 2 s", "flaky"


class PostgresDropped(PostgresLine):
    name, words, mode = "postgres-dropped", "the network drops all connections to Postgres", "drop"


class PostgresStalls(PostgresLine):
    name, words, mode = "postgres-stalls", "the network to Postgres stalls", "stall"


class Clock(Fault):
    """libfaketime moves what a program reads of the wall clock; clocks that only count go on as they are."""

    spares_servers = False
    by = ""

    def library(self):
        return next(iter(sorted(pathlib.Path("/").glob(CLOCK_FILES[1:]))), None)

    def why_not(self, stack):
        return None if self.library() else "libfaketime is missing (scripts/setup.sh chaos)"

    def restart(self, stack, made):
        # In order, so that what fails is the clock's.
        for one in [stack.servers[2], stack.workers[1]]:
            one.terminate(ENDS_WITHIN_S)
            one.start(made)
        stack.until_ready()
        stack.until_varnish_sends_to_all()

    def begin(self, stack):
        made = {"LD_PRELOAD": str(self.library()), "FAKETIME": self.by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.restart(stack, made)

    def end(self, stack):
        self.restart(stack, None)


class ClockAhead(Clock):
    name, words, by = "clock-ahead", "the clock of a server and of a worker is an hour ahead", "+3600s"


class ClockBehind(Clock):
    name, words, by = "clock-behind", "the clock of a server and of a worker is an hour behind", "-3600s"


class RollingRestart(Fault):
    """As docs/guides/operate.md says: SIGTERM, and the next one when this one is ready again."""

    name, words = "rolling-restart", "rolling restart of all servers and workers (SIGTERM)"
    is_planned, spares_servers = True, False
    def run(self, stack, seconds):
        for one in stack.servers:
            self.replace(one)
            stack.until_ready()
            stack.until_varnish_sends_to_all()
        for one in stack.workers:
            self.replace(one)

    def replace(self, one):
        if code := one.terminate(ENDS_WITHIN_S):
            raise ChaosError(f"{one.name} ended with {code}: {one.said()}")
        one.start()


ALL = [
    Nothing,
    KillServers,
    KillWorkers,
    KillVarnish,
    KillRedis,
    KillS3,
    KillPostgres,
    StopServer,
    StopWorker,
    FullDisk,
    S3Unavailable,
    S3Stalls,
    S3Cuts,
    PostgresRestarted,
    PostgresReadOnly,
    PostgresFlaky,
    PostgresDropped,
    PostgresStalls,
    RedisFlushed,
    RedisStopped,
    RedisGone,
    ClockAhead,
    ClockBehind,
    RollingRestart,
]
