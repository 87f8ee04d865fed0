"""The Compose file: docker-compose reads it, the program accepts its settings, and Varnish its configuration."""

import subprocess
import tomllib
import unittest

from common import (
    CARGO,
    DEPLOY,
    ROOT,
    Server,
    check_settings,
    compose,
    dotenv,
    environment,
    image_environment,
    run,
    server_stops_within_seconds,
    status,
    worker_stops_within_seconds,
)
from varnish import Varnish

SETTINGS = (DEPLOY / "compose/girasol.toml").read_text()
EXAMPLE = dotenv((DEPLOY / "compose/.env.example").read_text())
SERVERS = ["server-1", "server-2"]


def seconds(text):
    """As `11m` or `30s`."""
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        read = compose()
        cls.services, cls.networks = read["services"], read["networks"]
        image = f"girasol:{CARGO['workspace']['package']['version']}"
        cls.ours = {name: service for name, service in cls.services.items() if service["image"] == image}

    def config(self, variables):
        """What docker-compose makes of the file; it asks no engine."""
        command = ["docker-compose", "-f", DEPLOY / "compose/compose.yaml", "config", "--quiet"]
        return subprocess.run(command, env=environment(variables), capture_output=True, text=True)

    def test_docker_compose_reads_the_file(self):
        done = self.config({name: value or "secret" for name, value in EXAMPLE.items()})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_settings_of_every_service_are_settings(self):
        self.assertEqual(set(self.ours), {*SERVERS, "worker", "migrate", "edge"})
        for name, service in self.ours.items():
            with self.subTest(name):
                check_settings(SETTINGS, {**image_environment(), **service["environment"]})

    def test_a_setting_that_is_none_is_noticed(self):
        with self.assertRaisesRegex(AssertionError, "is not a setting"):
            check_settings(SETTINGS.replace("in_server", "in_servers"), {})
        with self.assertRaisesRegex(AssertionError, "is not a setting"):
            check_settings(SETTINGS, {"GIRASOL_SERVER__LISSTEN": "a"})

    def test_servers_leave_jobs_to_workers_and_each_has_a_data_folder_of_its_own(self):
        self.assertIs(tomllib.loads(SETTINGS)["jobs"]["in_server"], False)
        self.assertEqual(self.ours["worker"]["command"], ["work"])
        self.assertEqual(self.ours["worker"]["deploy"]["replicas"], 2)
        data = image_environment()["GIRASOL_DATA"]
        for name in [*SERVERS, "worker"]:
            self.assertIn(data, self.ours[name]["volumes"], name)

    def test_no_service_of_ours_may_write_beside_its_volumes_or_has_a_capability(self):
        for name, service in {**self.ours, "varnish": self.services["varnish"]}.items():
            with self.subTest(name):
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])

    def test_servers_start_after_the_migration_and_the_bucket(self):
        for name in [*SERVERS, "worker"]:
            conditions = {need: given["condition"] for need, given in self.ours[name]["depends_on"].items()}
            self.assertEqual(conditions, {"migrate": "service_completed_successfully", "s3": "service_healthy"})
        for service in self.services.values():
            for need, given in service.get("depends_on", {}).items():
                if given["condition"] == "service_healthy" and need not in SERVERS:
                    self.assertIn("test", self.services[need]["healthcheck"])

    def test_every_service_has_time_to_stop(self):
        settings = tomllib.loads(SETTINGS)
        for name in SERVERS:
            self.assertGreater(seconds(self.ours[name]["stop_grace_period"]), server_stops_within_seconds(settings))
        self.assertGreater(seconds(self.ours["worker"]["stop_grace_period"]), worker_stops_within_seconds())

    def test_secrets_are_asked_for_and_not_in_the_repository(self):
        secrets = [name for name in EXAMPLE if name.endswith(("PASSWORD", "SECRET_KEY"))]
        self.assertEqual(len(secrets), 2)
        for name in secrets:
            self.assertEqual(EXAMPLE[name], "")
            refused = self.config({other: "x" for other in EXAMPLE if other != name})
            self.assertNotEqual(refused.returncode, 0, name)
            self.assertIn(name, refused.stderr)
        run("git", "-C", ROOT, "check-ignore", "deploy/compose/.env")

    def test_varnish_serves_while_one_server_is_gone_and_takes_purges_of_the_servers_network(self):
        [network] = self.networks["origin"]["ipam"]["config"]
        address, bits = network["subnet"].split("/")
        for gone in (0, 1):
            with self.subTest(gone=SERVERS[gone]), Server() as first, Server() as second:
                varnish = Varnish(self)
                varnish.start(first.address, second.address)
                self.assertEqual(status(f"http://{varnish.at}/studio"), 200)
                self.assertIn(f'acl girasol_operators {{\n    "{address}"/{bits};', varnish.printed)
                (first, second)[gone].kill()
                # Whichever server's turn it is, and whether its probe has failed yet or not.
                answers = [status(f"http://{varnish.at}/girasol-spin.js") for _ in range(6)]
                self.assertEqual(answers, [200] * 6)


if __name__ == "__main__":
    unittest.main()
