"""HTTP as a browser and as an artist's tool speak it: connections that are kept, and tries that are repeated."""

import http.client
import json
import random
import threading
import time

# As viewer/src/loader/net.ts has them.
VISITOR_TRIES = 4
FIRST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 8
STALL_S = 8
# Varnish closes a connection after 5 seconds of silence.
KEPT_S = 3
PATIENCE_S = 30


class Answer:
    """A whole answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def is_temporary(self):
        return self.status >= 500 or self.status in (408, 429)

    @property
    def retry_after(self):
        value = self.headers.get("Retry-After", "")
        return int(value) if value.isdigit() else 0


class Refused(Exception):
    """An answer that no repetition makes better."""

    def __init__(self, what, answer):
        super().__init__(f"{what}: {answer.status} {answer.body[:300]!r}")
        self.answer = answer


class GivenUp(Exception):
    """All tries have failed."""


class Client:
    """One connection at a time."""

    def __init__(self, address, timeout_s):
        self.address, self.timeout_s = address, timeout_s
        self.connection, self.last = None, 0.0

    def ask(self, method, path, body=None, headers=None):
        """One try. OSError and HTTPException say that there was no whole answer."""
        if self.connection is None or time.monotonic() - self.last > KEPT_S:
            self.close()
            self.connection = http.client.HTTPConnection(self.address, timeout=self.timeout_s)
        try:
            self.connection.request(method, path, body, headers or {})
            answer = self.connection.getresponse()
            body = answer.read()
            if answer.will_close:
                self.close()
            self.last = time.monotonic()
            return Answer(answer.status, answer.headers, body)
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Counts:
    """What became of the requests of one kind."""

    def __init__(self):
        self.requests = self.failed = self.failed_tries = 0


class Phase:
    """What happens while one fault is there, and until all is well again."""

    KINDS = ("cached", "known", "visitors", "artists")

    def __init__(self, name, spares_servers=False):
        self.name, self.lock = name, threading.Lock()
        # Whether each server is there all the time, and can be asked past the cache.
        self.spares_servers = spares_servers
        self.counts = {kind: Counts() for kind in self.KINDS}
        self.failures, self.internal = [], []
        self.accepted = []

    def note(self, kind, tries_failed, failed, why):
        with self.lock:
            counts = self.counts[kind]
            counts.requests += 1
            counts.failed_tries += tries_failed
            counts.failed += failed
            if why and len(self.failures) < 200:
                self.failures.append(f"{time.strftime('%X')} {kind}: {why}")

    def note_internal(self, answer, why):
        """A failure for which the server has no better word than `internal` is a fault of its own."""
        if answer.status == 500:
            with self.lock:
                self.internal.append(why)


class Record:
    """The phase that is now: every request counts where it began."""

    def __init__(self):
        self.now = Phase("before")
        self.stopped = threading.Event()


def describe(error):
    return f"{type(error).__name__} {error}".strip()


def visit(client, record, kind, path, method="GET", body=None, headers=None):
    """A request of a visitor, repeated as the viewer does. Gives the answer, or nothing."""
    phase, failed_tries, attempt, why = record.now, 0, 0, None
    while True:
        attempt += 1
        pause = FIRST_PAUSE_S * 3 ** (attempt - 1) * random.uniform(1, 4 / 3)
        try:
            answer = client.ask(method, path, body, headers)
            if not answer.is_temporary:
                # A wrong answer is a failure as well.
                wrong = answer.status not in (200, 204, 206, 304)
                phase.note(kind, failed_tries, wrong, f"{path}: {answer.status}" if wrong else why)
                return None if wrong else answer
            why = f"{path}: {answer.status} {answer.body[:120]!r}"
            phase.note_internal(answer, why)
            pause = max(pause, answer.retry_after)
        except (OSError, http.client.HTTPException) as error:
            why = f"{path}: {describe(error)}"
            if isinstance(error, TimeoutError):
                attempt += 2
        failed_tries += 1
        if attempt >= VISITOR_TRIES:
            phase.note(kind, failed_tries, True, f"given up: {why}")
            return None
        if record.stopped.wait(min(pause, LONGEST_PAUSE_S)):
            return None


def insist(client, record, method, path, body=None, headers=None, fine=(200, 201, 204), patience_s=150):
    """A request of an artist's tool, repeated until it succeeds."""
    phase, failed_tries, why = record.now, 0, None
    end = time.monotonic() + patience_s
    while True:
        pause = 0.5
        try:
            answer = client.ask(method, path, body, headers)
            if answer.status in fine or not answer.is_temporary:
                phase.note("artists", failed_tries, answer.status not in fine, why)
                if answer.status in fine:
                    return answer
                raise Refused(f"{method} {path}", answer)
            why = f"{method} {path}: {answer.status} {answer.body[:200]!r}"
            phase.note_internal(answer, why)
            pause = max(pause, min(answer.retry_after, 5))
        except (OSError, http.client.HTTPException) as error:
            why = f"{method} {path}: {describe(error)}"
        failed_tries += 1
        if time.monotonic() > end or record.stopped.wait(pause):
            phase.note("artists", failed_tries, True, f"given up: {why}")
            raise GivenUp(why)
