"""How much 1, 2 and 4 workers do of one queue: `make bench-workers`, which writes benches/workers.md.

Each worker has one core. Where the machine has fewer cores than there are workers, the rows without encodes show what the
queue does: their jobs wait for the bucket and not for a core.
"""

import argparse
import datetime
import os
import pathlib
import signal
import sys
import time

import table
from artists import Artist
from frames import turn
from processes import ChaosError, until
from services import ROOT
from stack import SMALL, Stack, Worker

COUNTS = [1, 2, 4]
PATIENCE_S = 900


class Round:
    """What some workers did of some sets."""

    def __init__(self, workers, sets, wall_s, cpu_s, postgres_s):
        self.workers, self.sets, self.wall_s, self.cpu_s, self.postgres_s = workers, sets, wall_s, cpu_s, postgres_s


class Bench:
    """A queue, and workers that are started on it."""

    def __init__(self, stack):
        self.stack = stack
        self.artist = Artist(stack.servers[0].at, stack.keys[0], stack.record)
        self.started = 0

    def send(self, number, frames):
        """Commits a set, of which no worker is there to take it yet."""
        choices = {"number": f"n{number}"}
        opened = self.artist.post("/api/framesets", {"product": "ring.queue", "choices": choices, "newChoices": True}).json()
        for name, frame in frames.items():
            self.artist.put(opened["id"], name, frame)
        return self.artist.commit(opened["id"])

    def run(self, count, jobs):
        """Has the jobs done by so many workers, and measures from the first claim to the last end."""
        names = ", ".join(f"'{job}'" for job in jobs)
        ended = f"select count(*) from jobs where id in ({names}) and state = 'ready'"
        workers = [self.worker() for _ in range(count)]
        before = self.postgres_cpu()
        try:
            # Seldom, since each question costs Postgres a process.
            done = lambda: int(self.psql(ended)) == len(jobs) or self.failed(names)
            until("the end of all jobs", done, PATIENCE_S, pause_s=1)
            # What they still write of the last one.
            time.sleep(0.5)
            cpu = sum(worker.cpu_seconds() for worker in workers)
        finally:
            for worker in workers:
                worker.kill()
        wall_ms = self.psql(
            f"select max(at_ms) - min(at_ms) from job_events where job_id in ({names}) and kind in ('running', 'ready')"
        )
        return Round(count, len(jobs), int(wall_ms) / 1000, cpu, self.postgres_cpu() - before)

    def failed(self, names):
        failed = self.psql(f"select failure from jobs where id in ({names}) and state = 'failed'")
        if failed:
            raise ChaosError(f"a job failed: {failed}")

    def psql(self, sql):
        return self.stack.postgres.psql(sql, "girasol")

    def worker(self):
        """One more, on a core of its own as far as they go."""
        self.started += 1
        name = f"bench-{self.started}"
        stack = self.stack
        made = Worker(name, stack.binary, stack.config, stack.folder, stack.logs / f"{name}.log", stack.environment)
        cores = sorted(os.sched_getaffinity(0))
        core = cores[(self.started - 1) % len(cores)]
        made.command = ["taskset", "--cpu-list", str(core), *made.command]
        return made.start()

    def postgres_cpu(self):
        """CPU seconds of all of its processes; those that have ended count with their parent."""
        ticks = 0
        for pid in self.stack.postgres.processes():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += sum(int(field) for field in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")


def ring():
    """The frames of the sample ring that some tier shows."""
    files = sorted((ROOT / "fixtures/ring-platinum").glob("*.webp"))
    return {file.name: file.read_bytes() for file in files[::6]}


def encodes(options, stack):
    """Sets of the sample ring, each for a configuration of its own, so that nothing is found from before."""
    bench, frames, rounds, number = Bench(stack), ring(), [], 0
    for count in COUNTS:
        jobs = []
        for _ in range(options.rings):
            number += 1
            jobs.append(bench.send(number, frames))
        rounds.append(bench.run(count, jobs))
        print(lines(rounds)[-1], flush=True)
    return rounds


def nothing_to_encode(options, stack, mode):
    """Sets that are sent again: each job finds its version, and has the whole way through the queue."""
    bench = Bench(stack)
    sets = [(number, turn(number)) for number in range(options.sets)]
    bench.run(2, [bench.send(*one) for one in sets])
    versions = lambda: int(bench.psql("select count(*) from versions"))
    # An early version and a whole one of each.
    rounds, made = [], versions()
    for count in COUNTS:
        jobs = [bench.send(*one) for one in sets]
        stack.s3.line.set(mode)
        rounds.append(bench.run(count, jobs))
        stack.s3.line.set("pass")
        print(lines(rounds)[-1], flush=True)
    if versions() != made:
        raise ChaosError(f"{versions() - made} versions were made of frames that were sent again")
    return rounds


def lines(rounds):
    head = ["workers", "sets", "wall, s", "sets a minute", "against one", "CPU of workers, s", "CPU of Postgres, s"]
    made = [f"| {' | '.join(head)} |", "|" + "---:|" * len(head)]
    for one in rounds:
        cells = [str(one.workers), str(one.sets), f"{one.wall_s:.1f}", f"{60 * one.sets / one.wall_s:,.1f}"]
        cells += [f"{rounds[0].wall_s / one.wall_s:.2f}", f"{one.cpu_s:.1f}", f"{one.postgres_s:.1f}"]
        made.append(f"| {' | '.join(cells)} |")
    return made


def overhead(rounds):
    """Milliseconds of CPU for each job, by a single worker."""
    one = rounds[0]
    return f"{1000 * one.cpu_s / one.sets:.0f} ms of the worker and {1000 * one.postgres_s / one.sets:.0f} ms of Postgres"


def main():
    parser = argparse.ArgumentParser(prog="make bench-workers ARGS=", description=__doc__)
    parser.add_argument("--rings", type=int, default=4, help="sets of the sample ring for each number of workers")
    parser.add_argument("--sets", type=int, default=60, help="small sets for each number of workers")
    parser.add_argument("--no-table", action="store_true", help="print the tables, and write no file")
    options = parser.parse_args()
    # So that a run that is ended leaves nothing.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = (os.environ["GIRASOL"], os.environ["MOTO"], ROOT / "target/chaos")
    parts = [f"Taken on {datetime.date.today()} with {os.cpu_count()} cores.", "", "### Encodes", ""]
    with Stack(*given, with_redis=False, servers=1, workers=0, sizes="") as stack:
        parts += lines(encodes(options, stack))
    for title, mode in [("Nothing to encode", "pass"), ("Nothing to encode, and a bucket 20 ms away", "far")]:
        with Stack(*given, with_redis=False, servers=1, workers=0, sizes=SMALL) as stack:
            rounds = nothing_to_encode(options, stack, mode)
        parts += ["", f"### {title}", "", *lines(rounds), "", f"A job takes {overhead(rounds)}."]
    text = "\n".join(parts)
    print(text)
    if not options.no_table:
        table.write(ROOT / "benches/workers.md", "workers", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
