"""The Dockerfile: hadolint reads it, and what it says of the program is true."""

import fnmatch
import json
import pathlib
import re
import subprocess
import unittest

from common import CARGO, DEPLOY, ROOT, TOOLS, Server, image_environment, instructions, run


class Dockerfile(unittest.TestCase):
    def test_hadolint_finds_nothing(self):
        run(TOOLS / "hadolint", DEPLOY / "Dockerfile")

    def test_rust_and_version_are_those_of_the_project(self):
        arguments = dict(line.split("=", 1) for line in instructions("ARG") if "=" in line)
        package = CARGO["workspace"]["package"]
        self.assertTrue(arguments["RUST_VERSION"].startswith(f"{package['rust-version']}."), arguments)
        self.assertEqual(arguments["VERSION"], package["version"])

    def test_the_last_stage_runs_as_a_user_with_a_number_who_owns_the_data_folder(self):
        [user] = instructions("USER")
        self.assertRegex(user, r"^[1-9]\d*:[1-9]\d*$")
        data = image_environment()["GIRASOL_DATA"]
        [made] = [line for line in instructions("RUN") if f"install -d -o {user.replace(':', ' -g ')}" in line]
        self.assertTrue(made.endswith(data), made)
        self.assertEqual(instructions("VOLUME"), [data])

    def test_the_health_check_passes_while_the_server_lives_and_fails_otherwise(self):
        [check] = instructions("HEALTHCHECK")
        port = image_environment()["GIRASOL_LISTEN"].rsplit(":", 1)[1]
        self.assertEqual(instructions("EXPOSE"), [port])
        command = json.loads(check.split("CMD", 1)[1])

        def healthy(server, change=("", "")):
            here = [part.replace(f"127.0.0.1/{port}", f"127.0.0.1/{server.port}").replace(*change) for part in command]
            return subprocess.run(here, stderr=subprocess.DEVNULL, timeout=10).returncode == 0

        with Server() as server:
            self.assertTrue(healthy(server))
            self.assertFalse(healthy(server, ("/api/health/live", "/api/health/no-such-address")))
            server.kill()
            self.assertFalse(healthy(server))

    def test_what_the_program_embeds_is_in_the_context(self):
        lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        allowed = [line[1:] for line in lines if line.startswith("!")]
        embedded = {"Cargo.lock", "Cargo.toml", "Makefile", "migrations/postgres", "migrations/sqlite", "scripts/setup.sh"}
        for source in (ROOT / "src").rglob("*.rs"):
            for name in re.findall(r"\"(\.\./[^\"]*viewer/[^\"]+)\"", source.read_text()):
                embedded.add(str((source.parent / name).resolve().relative_to(ROOT)))
        self.assertGreater(len(embedded), 15)
        for name in sorted(embedded):
            self.assertTrue((ROOT / name).exists(), name)
            parents = [name, *map(str, pathlib.PurePath(name).parents)]
            self.assertTrue(any(fnmatch.fnmatch(part, pattern) for part in parents for pattern in allowed), name)

    def test_secrets_and_history_are_not_in_the_context(self):
        lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        self.assertIn("*", lines)
        allowed = {line[1:] for line in lines if line.startswith("!")}
        self.assertFalse(allowed & {".git", "data", "deploy", "target", "girasol.toml"})


if __name__ == "__main__":
    unittest.main()
