"""The systemd units: systemd reads them, and what they say of the program is true."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from common import BINARY, DEPLOY, run, server_stops_within_seconds, worker_stops_within_seconds

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/usr/local/bin/girasol"
# Of ten, in tenths of a point: what `systemd-analyze security` calls OK ends at 49.
MOST_EXPOSED = 15


def values(unit, name):
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.M)


def hardening(unit):
    """The lines from the user on, without what follows them."""
    return unit.read_text().partition("\nUser=")[2].partition("\n[Install]")[0].strip()


class Units(unittest.TestCase):
    def test_systemd_verifies_every_unit(self):
        self.assertEqual(len(UNITS), 3)
        with tempfile.TemporaryDirectory(prefix="girasol-deploy-") as name:
            copies = []
            for unit in UNITS:
                # systemd looks whether the program is there.
                copy = pathlib.Path(name) / unit.name.replace("@", "@1")
                copy.write_text(unit.read_text().replace(f"={PROGRAM} ", f"={BINARY} "))
                copies.append(copy)
            command = ["systemd-analyze", "verify", "--man=no", *copies]
            done = subprocess.run(command, capture_output=True, text=True)
            # A line that systemd does not know is a warning alone. Warnings of this machine's own units are not ours.
            ours = [line for line in done.stderr.splitlines() if "girasol" in line]
            self.assertEqual((done.returncode, ours), (0, []), done.stderr)

    def test_no_unit_is_more_exposed_than_it_was(self):
        for unit in UNITS:
            run("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)

    def test_the_units_give_the_program_the_same_rights(self):
        self.assertEqual(len({hardening(unit) for unit in UNITS}), 1)

    def test_the_program_has_the_commands_that_the_units_start(self):
        commands = {unit.name: values(unit, "ExecStart") for unit in UNITS}
        expected = {
            "girasol.service": [f"{PROGRAM} serve"],
            "girasol-work@.service": [f"{PROGRAM} work"],
            "girasol-migrate.service": [f"{PROGRAM} migrate up"],
        }
        self.assertEqual(commands, expected)
        for [command] in commands.values():
            run(BINARY, *command.split()[1:], "--help")

    def test_every_service_has_time_to_stop(self):
        needed = worker_stops_within_seconds()
        for unit in UNITS:
            if values(unit, "Type") == ["exec"]:
                [time] = values(unit, "TimeoutStopSec")
                serves = server_stops_within_seconds({}) if unit.name == "girasol.service" else 0
                self.assertGreater(int(time.removesuffix("min")) * 60, needed + serves, unit.name)

    def test_the_user_of_the_units_is_made(self):
        made = (DEPLOY / "systemd/girasol.sysusers.conf").read_text()
        for unit in UNITS:
            [user] = values(unit, "User")
            self.assertRegex(made, rf"(?m)^u {user} ")
        with tempfile.TemporaryDirectory(prefix="girasol-deploy-") as name:
            root = pathlib.Path(name)
            (root / "etc").mkdir()
            run("systemd-sysusers", f"--root={root}", DEPLOY / "systemd/girasol.sysusers.conf")
            # Only root may give a folder away.
            if os.geteuid() == 0:
                run("systemd-tmpfiles", f"--root={root}", "--create", DEPLOY / "systemd/girasol.tmpfiles.conf")
                self.assertTrue((root / "etc/girasol").is_dir())


if __name__ == "__main__":
    unittest.main()
