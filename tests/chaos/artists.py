"""Artists who send sets of frames, by one request a frame or by resumable uploads, and publish what was made of them."""

import base64
import itertools
import json
import threading
import time

from client import PATIENCE_S, Client, GivenUp, Refused, insist
from frames import turn

PRODUCT = "ring.load"
OCTETS = "application/octet-stream"
PART = "application/offset+octet-stream"
# A job that an outage failed is tried again by itself; this is far beyond all of its pauses.
PUBLISHED_WITHIN_S = 240


class Upload:
    """A set whose commit was answered: it may not be lost."""

    def __init__(self, number, configuration, job):
        self.number, self.configuration, self.job = number, configuration, job
        self.accepted_at, self.published_at = time.monotonic(), None
        self.version = None
        self.failure = None


class Artist:
    """One key at one address."""

    def __init__(self, address, key, record, patience_s=PATIENCE_S):
        self.client, self.record = Client(address, patience_s), record
        self.headers = {"Authorization": f"Bearer {key}"}

    def ask(self, method, path, body=None, headers=None, **options):
        return insist(self.client, self.record, method, path, body, {**self.headers, **(headers or {})}, **options)

    def post(self, path, body):
        return self.ask("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def open(self, number, product=PRODUCT):
        choices = {"number": f"n{number}"}
        made = self.post("/api/framesets", {"product": product, "choices": choices, "newChoices": True}).json()
        return made["id"]

    def put(self, frameset, name, frame):
        self.ask("PUT", f"/api/framesets/{frameset}/frames/{name}", frame, {"Content-Type": OCTETS})

    def resumable(self, frameset, name, frame):
        """By tus, in two parts; after a failure it goes on where the server says."""

        def word(text):
            return base64.b64encode(text.encode()).decode()

        tus = {"Tus-Resumable": "1.0.0"}
        metadata = f"frameset {word(frameset)},filename {word(name)}"
        begun = self.ask("POST", "/api/uploads", b"", {**tus, "Upload-Length": str(len(frame)), "Upload-Metadata": metadata})
        address = "/api/uploads/" + begun.headers["Location"].rsplit("/", 1)[1]
        offset = 0
        while offset < len(frame):
            end = len(frame) // 2 if offset < len(frame) // 2 else len(frame)
            given = {**self.headers, **tus, "Content-Type": PART, "Upload-Offset": str(offset)}
            try:
                answer = self.client.ask("PATCH", address, frame[offset:end], given)
            except Exception as error:
                answer, why = None, error
            if answer is not None and answer.status == 204:
                self.record.now.note("artists", 0, False, None)
                offset = int(answer.headers["Upload-Offset"])
                continue
            if answer is not None and not answer.is_temporary and answer.status != 409:
                raise Refused(f"PATCH {address}", answer)
            why = f"PATCH {address}: {answer.status if answer else why}"
            self.record.now.note("artists", 1, False, why)
            if answer:
                self.record.now.note_internal(answer, why)
            if self.record.stopped.wait(0.5):
                raise GivenUp(address)
            told = self.ask("HEAD", address, headers=tus)
            offset = int(told.headers["Upload-Offset"])

    def commit(self, frameset):
        return self.ask("POST", f"/api/framesets/{frameset}/commit").json()["job"]["id"]

    def send(self, number, product=PRODUCT, frames=12):
        """A whole set, every other one by resumable uploads."""
        way = self.resumable if number % 2 else self.put
        frameset = self.open(number, product)
        for name, frame in turn(number, frames).items():
            way(frameset, name, frame)
        phase = self.record.now
        job = self.commit(frameset)
        upload = Upload(number, f"{product}.number-n{number}", job)
        with phase.lock:
            phase.accepted.append(upload)
        return upload

    def follow(self, upload):
        """Looks at the job, and publishes its version. True when there is nothing left to do."""
        job = self.ask("GET", f"/api/jobs/{upload.job}").json()
        if job["state"] in ("failed", "cancelled"):
            upload.failure = f"job {upload.job} {job['state']}: {json.dumps(job.get('failure'))}"
            return True
        if job["state"] != "ready":
            return False
        upload.version = job["version"]
        self.post(f"/api/sequences/{job['configuration']}/publish", {"version": upload.version})
        upload.published_at = time.monotonic()
        return True

    def publish(self, upload):
        """Follows one upload until it is published."""
        end = time.monotonic() + PUBLISHED_WITHIN_S
        while not self.follow(upload):
            if time.monotonic() > end or self.record.stopped.wait(0.2):
                upload.failure = f"job {upload.job} was not done in {PUBLISHED_WITHIN_S} s"
                return


class Studio:
    """All artists, each in a thread, and one who publishes."""

    def __init__(self, address, keys, record, pause_s):
        self.address, self.keys, self.record, self.pause_s = address, keys, record, pause_s
        self.numbers = itertools.count(1000)
        self.lock = threading.Lock()
        self.waiting, self.uploads, self.broken = [], [], []
        self.resting, self.threads, self.busy = threading.Event(), [], 0

    def start(self):
        work = [*(lambda key=key: self.work(key) for key in self.keys), self.publish]
        self.threads = [threading.Thread(target=one, daemon=True) for one in work]
        for thread in self.threads:
            thread.start()

    def next_number(self):
        with self.lock:
            return next(self.numbers)

    def accept(self, upload):
        with self.lock:
            self.uploads.append(upload)
            self.waiting.append(upload)

    def work(self, key):
        artist = Artist(self.address, key, self.record)
        while not self.record.stopped.is_set():
            if self.resting.is_set():
                self.record.stopped.wait(0.1)
                continue
            with self.lock:
                self.busy += 1
            try:
                self.accept(artist.send(self.next_number()))
            except GivenUp:
                pass
            except Exception as error:
                self.broken.append(f"an artist: {error!r}")
            finally:
                with self.lock:
                    self.busy -= 1
            self.record.stopped.wait(self.pause_s)

    def publish(self):
        artist = Artist(self.address, self.keys[0], self.record)
        while not self.record.stopped.is_set():
            with self.lock:
                waiting = list(self.waiting)
            for upload in waiting:
                try:
                    done = artist.follow(upload)
                except GivenUp:
                    done = False
                except Exception as error:
                    upload.failure, done = repr(error), True
                late = time.monotonic() - upload.accepted_at > PUBLISHED_WITHIN_S
                if late and not done:
                    upload.failure, done = f"job {upload.job} was not done in {PUBLISHED_WITHIN_S} s", True
                if done:
                    with self.lock:
                        self.waiting.remove(upload)
            self.record.stopped.wait(0.3)

    def published(self):
        with self.lock:
            return [upload for upload in self.uploads if upload.published_at]

    def is_idle(self):
        with self.lock:
            return not self.waiting and not self.busy
