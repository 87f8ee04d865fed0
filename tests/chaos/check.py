"""What has to be true in the end: every accepted upload is published exactly once, and the store is whole."""

import json

from client import Client
from processes import ChaosError


class Checker:
    """Reads the database through a server, and the store through the program's own command."""

    def __init__(self, stack, uploads):
        self.stack, self.uploads = stack, uploads
        self.client = Client(stack.servers[0].at, 60)
        self.sentence = ""

    def get(self, path):
        answer = self.client.ask("GET", path, headers={"Authorization": f"Bearer {self.stack.admin}"})
        if answer.status != 200:
            raise ChaosError(f"{path}: {answer.status} {answer.body[:300]!r}")
        return answer.json()

    def broken(self):
        found = [why for upload in self.uploads for why in self.of(upload)]
        found.extend(self.jobs())
        verified, why = self.verify()
        found.extend(why)
        self.sentence = f"{len(self.uploads)} uploads were accepted; {verified}"
        return found

    def of(self, upload):
        """One upload has one full version, which is complete and live, and went live once; one early version may be before it.
        There may be numbers between the two: a job that another worker resumes takes a new one."""
        if not upload.published_at:
            return [f"{upload.configuration} was accepted and is not published: {upload.failure}"]
        shown = self.get(f"/api/sequences/{upload.configuration}")
        kinds = [(one["version"], one["kind"], one["live"]) for one in shown["versions"]]
        full, early = [(upload.version, "full", True)], [one for one in kinds if one[1:] == ("early", False)]
        is_once = kinds == full + early[:1] and all(version < upload.version for version, _, _ in early)
        if not is_once or shown["live"] != upload.version:
            return [f"{upload.configuration} has the versions {kinds}, and version {upload.version} was published"]
        audited = self.stack.postgres.psql(
            f"select count(*) from audit where action = 'version.publish' and subject = '{upload.configuration}'", "girasol"
        )
        return [] if audited == "1" else [f"{upload.configuration} was published {audited} times"]

    def jobs(self):
        """No job is left over, and none was made twice for one set."""
        states = self.stack.postgres.psql("select state, count(*) from jobs group by 1 order by 1", "girasol")
        twice = self.stack.postgres.psql("select frameset_id from jobs group by 1 having count(*) > 1", "girasol")
        left = [line for line in states.splitlines() if not line.startswith("ready|")]
        return [f"jobs that are not ready: {one}" for one in left] + [f"two jobs of the set {one}" for one in twice.splitlines()]

    def verify(self):
        for words in [("verify",), ("store", "verify")]:
            try:
                self.stack.girasol(*words, "--help")
            except ChaosError:
                continue
            try:
                self.stack.girasol(*words)
            except ChaosError as error:
                return f"`girasol {' '.join(words)}` failed", [str(error)]
            return f"each is published exactly once, and `girasol {' '.join(words)}` finds nothing.", []
        return "nothing was verified.", ["the program has no command that verifies the store"]
