"""A whole installation under load while its parts fail one after the other: `make chaos`.

Ends with 1 when an invariant is broken: a cached spin that failed, an upload that was accepted and is not published exactly
once, a planned restart with a failed request, a part that does not recover, or a store with damage.
"""

import argparse
import os
import signal
import sys
import time

import table
from artists import Artist, Studio
from check import Checker
from client import Phase
from faults import ALL
from processes import ChaosError
from services import ROOT
from stack import Stack
from upgrade import RollingUpgrade
from visitors import Visitors

RECOVERS_WITHIN_S = 120
BASE = "ring.solitaire"
BASE_SPINS = 6


def arguments():
    parser = argparse.ArgumentParser(prog="make chaos ARGS=", description=__doc__)
    parser.add_argument("faults", nargs="*", help="which faults, by name; all without")
    parser.add_argument("--list", action="store_true", help="list the faults, and end")
    parser.add_argument("--seconds", type=float, default=10, help="how long a fault lasts that has no length of its own")
    parser.add_argument("--calm", type=float, default=3, help="seconds between two faults")
    parser.add_argument("--limit-minutes", type=float, default=30, help="when the run is given up")
    parser.add_argument("--no-redis", action="store_true", help="leave Redis out")
    parser.add_argument("--no-table", action="store_true", help="print the table, and write no file")
    parser.add_argument("--update", action="store_true", help="write the rows of the faults that were named into the table")
    return parser.parse_args()


def chosen(names):
    """The faults that were named, in the order of the list."""
    every = [fault() for fault in [*ALL, RollingUpgrade]]
    unknown = set(names) - {fault.name for fault in every}
    if unknown:
        raise SystemExit(f"chaos knows no fault {', '.join(sorted(unknown))}: {', '.join(fault.name for fault in every)}")
    return [fault for fault in every if not names or fault.name in names]


class Run:
    """The load, and the faults in it."""

    def __init__(self, stack, options):
        self.stack, self.options, self.record = stack, options, stack.record
        self.studio = Studio(stack.varnish.at, stack.keys, self.record, pause_s=6)
        self.rows, self.broken = [], []

    def prepare(self):
        """Publishes the spins that all visitors know, and loads them into the cache."""
        artist = Artist(self.stack.varnish.at, self.stack.keys[0], self.record)
        sent = [artist.send(number, BASE) for number in range(BASE_SPINS)]
        for upload in sent:
            artist.publish(upload)
            if upload.failure:
                raise ChaosError(upload.failure)
        self.studio.uploads.extend(sent)
        configurations = [upload.configuration for upload in sent]
        self.visitors = Visitors(self.stack.varnish.at, configurations, self.studio, self.record, pause_s=0.3)
        self.warm()
        self.visitors.start(cached=3, curious=2, servers=self.stack.servers)
        self.studio.start()

    def warm(self):
        for address in [self.stack.varnish.at, *(server.at for server in self.stack.servers)]:
            self.visitors.warm(address)

    def wait(self, seconds):
        self.record.stopped.wait(seconds)

    def phase(self, fault):
        """One fault, and what came of it."""
        if why := fault.why_not(self.stack):
            print(f"{fault.name}: not run, {why}", flush=True)
            self.rows.append(table.Row(fault, why_not=why))
            return
        phase = self.record.now = Phase(fault.name, fault.spares_servers)
        begun = time.monotonic()
        fault.run(self.stack, self.options.seconds)
        ended = time.monotonic()
        row = table.Row(fault, phase=phase, lasted_s=ended - begun)
        try:
            row.ready_s, row.well_s = self.recover(ended)
        except ChaosError as error:
            self.fail(fault, str(error))
        self.rows.append(row)
        self.record.now = Phase("calm")
        # The next fault finds all as it was.
        self.settle(phase)
        self.judge(fault, phase)
        print(row.line(), flush=True)
        for failure in phase.failures[:400]:
            print(f"{fault.name} {failure}", file=self.log, flush=True)
        self.warm()
        self.wait(self.options.calm)

    def recover(self, since):
        """Seconds until all servers are ready, and until an upload that began then is published."""
        self.stack.until_ready()
        ready = time.monotonic() - since
        # A key of its own, whose turn comes before those that have sets waiting.
        artist = Artist(self.stack.varnish.at, self.stack.probe, self.record)
        upload = artist.send(self.studio.next_number())
        self.studio.uploads.append(upload)
        artist.publish(upload)
        well = time.monotonic() - since
        if upload.failure:
            raise ChaosError(upload.failure)
        if well > RECOVERS_WITHIN_S:
            raise ChaosError(f"all was well only {well:.0f} s after the end of the fault")
        return ready, well

    def settle(self, phase):
        """Waits until all that was accepted is published, or has failed."""
        end = time.monotonic() + 300
        while any(not one.published_at and not one.failure for one in phase.accepted):
            if time.monotonic() > end:
                return
            self.wait(0.1)

    def judge(self, fault, phase):
        cached, known, visitors, artists = (phase.counts[kind] for kind in Phase.KINDS)
        if cached.failed or (cached.failed_tries and not fault.cache_goes):
            self.fail(fault, f"{cached.failed_tries} requests for cached spins failed")
        if known.failed_tries:
            self.fail(fault, f"{known.failed_tries} requests for what a server has in memory failed")
        for why in phase.internal:
            self.fail(fault, f"an internal error: {why}")
        if fault.is_planned and (visitors.failed_tries or artists.failed_tries):
            self.fail(fault, f"{visitors.failed_tries + artists.failed_tries} requests failed")
        for upload in phase.accepted:
            if upload.failure or not upload.published_at:
                self.fail(fault, f"{upload.configuration} was accepted and is not published: {upload.failure}")

    def fail(self, fault, why):
        self.broken.append(f"{fault.name}: {why}")
        print(f"BROKEN {fault.name}: {why}", flush=True)

    def finish(self):
        """Ends the load, and looks at everything that was made."""
        self.studio.resting.set()
        end = time.monotonic() + 300
        while not self.studio.is_idle() and time.monotonic() < end:
            self.wait(0.2)
        self.record.stopped.set()
        self.broken.extend(self.studio.broken)
        checker = Checker(self.stack, self.studio.uploads)
        self.broken.extend(checker.broken())
        return checker.sentence


def main():
    options = arguments()
    faults = chosen(options.faults)
    if options.list:
        for fault in faults:
            print(f"{fault.name:20} {fault.words}")
        return 0
    binary, moto = os.environ.get("GIRASOL"), os.environ.get("MOTO")
    if not binary or not moto:
        raise SystemExit("usage: GIRASOL=BINARY MOTO=PYTHON python3 tests/chaos [FAULT...]")
    # In a namespace of its own, small disks end with the run whatever becomes of it.
    if os.getuid() == 0 and "CHAOS_INSIDE" not in os.environ:
        os.environ["CHAOS_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, "-B", *sys.argv])

    def give_up(*_):
        raise ChaosError(f"the run took more than {options.limit_minutes} minutes")

    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.alarm(int(options.limit_minutes * 60))
    logs = ROOT / "target/chaos"
    begun, broken = time.monotonic(), []
    with Stack(binary, moto, logs, with_redis=not options.no_redis) as stack:
        run = Run(stack, options)
        with (logs / "failures.log").open("w") as run.log:
            try:
                run.prepare()
                for fault in faults:
                    run.phase(fault)
                sentence = run.finish()
            except ChaosError as error:
                run.broken.append(str(error))
                sentence = f"The run was given up: {error}."
            broken = run.broken
    signal.alarm(0)
    print(f"\n{sentence} {time.monotonic() - begun:.0f} s in all.\n")
    text = table.text(run.rows, sentence, broken, options)
    print(text)
    page = ROOT / "benches/chaos.md"
    if options.update and not broken:
        table.update(page, run.rows, sentence, options)
    elif not options.faults and not options.no_table:
        table.write(page, "chaos", text)
    for one in broken:
        print(f"BROKEN: {one}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
