"""A rolling upgrade across the newest migration: from the program of the commit before it to the one under test."""

import os

from client import Phase
from faults import ENDS_WITHIN_S, RollingRestart
from processes import ChaosError


class RollingUpgrade(RollingRestart):
    """As docs/guides/upgrade.md says: `migrate up` while the older program serves, then each process is replaced."""

    name, words = "rolling-upgrade", "rolling upgrade across the newest migration, from the program before it"

    def why_not(self, stack):
        if os.environ.get("PREVIOUS"):
            return None
        return "there is no older program (scripts/previous.sh, which needs the history of the repository)"

    def run(self, stack, seconds):
        # What comes before is no part of it.
        phase, stack.record.now = stack.record.now, Phase("the older program")
        newest, older = self.go_back(stack)
        stack.record.stopped.wait(seconds)
        stack.record.now = phase
        self.words = f"rolling upgrade from schema {older} to {newest}, from the program before the migration"
        stack.girasol("migrate", "up")
        stack.record.stopped.wait(seconds / 2)
        if self.schema(stack) != newest or not all(one.is_ready() for one in stack.servers):
            raise ChaosError("the older program does not serve over the newer schema")
        super().run(stack, seconds)

    def schema(self, stack):
        return int(stack.postgres.psql("select max(version) from _sqlx_migrations", "girasol"))

    def go_back(self, stack):
        """Ends all processes, undoes the newest migration, and starts the older program."""
        every = [*stack.servers, *stack.workers]
        for one in every:
            one.terminate(ENDS_WITHIN_S)
        newest = self.schema(stack)
        stack.girasol("migrate", "down", "--to", str(newest - 1))
        older = self.schema(stack)
        for one in every:
            one.command[0] = os.environ["PREVIOUS"]
            # Settings that the older program does not know are left out.
            one.command = [str(stack.plain_config) if word == str(stack.config) else word for word in one.command]
            one.start()
        stack.until_ready()
        stack.until_varnish_sends_to_all()
        if self.schema(stack) != older:
            raise ChaosError(f"{os.environ['PREVIOUS']} is no older program: it migrated the database")
        return newest, older

    def replace(self, one):
        one.command[0] = os.environ["GIRASOL"]
        super().replace(one)
