"""The Kubernetes overlays: kustomize builds them, the schemas of Kubernetes and of KEDA hold, and what they say of the
program is true.

What only a cluster can decide is not run: admission, scheduling, and KEDA itself.
"""

import os
import re
import subprocess
import tempfile
import tomllib
import unittest
from pathlib import Path

import kubernetes_validate
import yaml
from cloudcoil.models.keda import v1alpha1 as keda

from common import (
    BINARY,
    CARGO,
    DEPLOY,
    ROOT,
    TOOLS,
    Server,
    Worker,
    check_settings,
    container_of,
    environment,
    image_environment,
    kubernetes,
    overlays,
    run,
    server_stops_within_seconds,
    worker_stops_within_seconds,
)

# The oldest version whose schema has all that is used, and the newest one that there is.
VERSIONS = ["1.30", "1.37"]
SECRETS = list(yaml.safe_load_all((DEPLOY / "kubernetes/secrets.example.yaml").read_text()))
# What https://keda.sh/docs lists for these triggers. The schema of KEDA takes any name.
PARAMETERS = {
    "postgresql": {"query", "targetQueryValue", "activationTargetQueryValue"},
    "cron": {"timezone", "start", "end", "desiredReplicas"},
}


def of_kind(overlay, *kinds):
    return [document for document in kubernetes(overlay) if document["kind"] in kinds]


def named(overlay, kind, name):
    [found] = [document for document in of_kind(overlay, kind) if document["metadata"]["name"] == name]
    return found


def pods(overlay):
    return of_kind(overlay, "Deployment", "Job")


def settings(overlay):
    [file] = of_kind(overlay, "ConfigMap")
    return file["data"]["girasol.toml"]


def variables(container):
    """The container's environment as Kubernetes makes it, with the values of the example's Secrets."""
    secrets = {secret["metadata"]["name"]: secret["stringData"] for secret in SECRETS}
    made = dict(image_environment())
    for source in container.get("envFrom", []):
        made.update(secrets[source["secretRef"]["name"]])
    for variable in container["env"]:
        if "value" in variable:
            made[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda found: made[found[1]], variable["value"])
        else:
            key = variable["valueFrom"]["secretKeyRef"]
            made[variable["name"]] = secrets[key["name"]][key["key"]]
    return made


class Schemas(unittest.TestCase):
    def test_every_object_is_as_its_schema_says(self):
        for overlay in overlays():
            for document in [*kubernetes(overlay), *SECRETS]:
                kind, name = document["kind"], document["metadata"]["name"]
                with self.subTest(overlay=overlay, kind=kind, name=name):
                    if document["apiVersion"].startswith("keda.sh/"):
                        self.check_keda(document)
                        continue
                    for version in VERSIONS:
                        kubernetes_validate.validate(document, version, strict=True)

    def check_keda(self, document):
        # The model drops what the schema does not have.
        model = getattr(keda, document["kind"]).model_validate(document)
        self.assertEqual(model.model_dump(mode="json", by_alias=True, exclude_unset=True), document)
        for trigger in document["spec"].get("triggers", []):
            self.assertLessEqual(set(trigger["metadata"]), PARAMETERS[trigger["type"]])

    def test_an_object_that_is_not_as_its_schema_says_is_noticed(self):
        deployment = yaml.safe_load(yaml.safe_dump(named("shop", "Deployment", "girasol-server")))
        container_of(deployment)["readinessProb"] = {}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)
        scaled = yaml.safe_load(yaml.safe_dump(named("shop", "ScaledObject", "girasol-worker")))
        scaled["spec"]["maxReplicas"] = 3
        with self.assertRaises(AssertionError):
            self.check_keda(scaled)


class Truth(unittest.TestCase):
    def test_the_settings_of_every_pod_are_settings(self):
        for overlay in overlays():
            for document in pods(overlay):
                made = variables(container_of(document))
                with self.subTest(overlay=overlay, pod=document["metadata"]["name"]):
                    check_settings(settings(overlay) if "GIRASOL_CONFIG" in made else "", made)
                    url = "postgres://girasol@postgres.example:5432/girasol?sslmode=verify-full"
                    self.assertEqual(made["GIRASOL_DATABASE__URL"], url)

    def test_servers_leave_jobs_to_workers_and_each_has_room_for_a_data_folder_of_its_own(self):
        for overlay in overlays():
            self.assertIs(tomllib.loads(settings(overlay))["jobs"]["in_server"], False)
            deployments = of_kind(overlay, "Deployment")
            self.assertEqual(sorted(container_of(pod)["args"][0] for pod in deployments), ["serve", "work"])
            cached = tomllib.loads(settings(overlay))["store"]["disk_cache_max_bytes"]
            for pod in deployments:
                container, specification = container_of(pod), pod["spec"]["template"]["spec"]
                [data] = [mount for mount in container["volumeMounts"] if mount["name"] == "data"]
                folder = variables(container)["GIRASOL_DATA"]
                self.assertTrue(folder.startswith(data["mountPath"] + "/"), folder)
                [volume] = [volume for volume in specification["volumes"] if volume["name"] == "data"]
                limit = container["resources"]["limits"]["ephemeral-storage"]
                self.assertEqual(volume["emptyDir"], {"sizeLimit": limit})
                self.assertGreater(int(limit.removesuffix("Gi")) << 30, 2 * cached)

    def test_probes_ask_addresses_that_the_server_serves_at_the_port_that_it_listens_at(self):
        container = container_of(named("shop", "Deployment", "girasol-server"))
        [port] = container["ports"]
        self.assertEqual(f"0.0.0.0:{port['containerPort']}", image_environment()["GIRASOL_LISTEN"])
        [service] = of_kind("shop", "Service")
        self.assertEqual(service["spec"]["ports"][0]["targetPort"], port["name"])
        probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
        with Server() as server:
            for probe in probes:
                self.assertEqual(probe["port"], port["name"])
                self.assertEqual(server.status(probe["path"]), 200, probe)
            self.assertEqual(server.status("/api/health/no-such-address"), 404)

    def test_every_pod_has_time_to_stop(self):
        for overlay in overlays():
            for pod in of_kind(overlay, "Deployment"):
                specification, container = pod["spec"]["template"]["spec"], container_of(pod)
                if container["args"] == ["work"]:
                    needed = worker_stops_within_seconds()
                else:
                    needed = container["lifecycle"]["preStop"]["sleep"]["seconds"]
                    needed += server_stops_within_seconds(tomllib.loads(settings(overlay)))
                self.assertGreater(specification["terminationGracePeriodSeconds"], needed, overlay)

    def test_every_pod_runs_as_the_images_user_without_rights_and_within_limits(self):
        dockerfile = (DEPLOY / "Dockerfile").read_text()
        for overlay in overlays():
            for pod in pods(overlay):
                specification, container = pod["spec"]["template"]["spec"], container_of(pod)
                with self.subTest(overlay=overlay, pod=pod["metadata"]["name"]):
                    user = specification["securityContext"]
                    self.assertTrue(user["runAsNonRoot"])
                    self.assertIn(f"\nUSER {user['runAsUser']}:{user['runAsGroup']}\n", dockerfile)
                    self.assertEqual(user["seccompProfile"], {"type": "RuntimeDefault"})
                    rights = container["securityContext"]
                    self.assertTrue(rights["readOnlyRootFilesystem"])
                    self.assertFalse(rights["allowPrivilegeEscalation"])
                    self.assertEqual(rights["capabilities"], {"drop": ["ALL"]})
                    self.assertFalse(specification["automountServiceAccountToken"])
                    for resources in ("requests", "limits"):
                        self.assertLessEqual({"cpu", "memory"}, set(container["resources"][resources]))

    def test_the_image_is_that_of_this_version(self):
        version = CARGO["workspace"]["package"]["version"]
        for overlay in overlays():
            images = {container_of(pod)["image"] for pod in pods(overlay)}
            self.assertEqual(images, {f"registry.example/girasol:{version}"})

    def test_what_selects_pods_selects_some(self):
        for overlay in overlays():
            labels = [pod["spec"]["template"]["metadata"]["labels"] for pod in pods(overlay)]
            selectors = [object["spec"]["selector"] for object in of_kind(overlay, "Service")]
            selectors += [o["spec"]["selector"]["matchLabels"] for o in of_kind(overlay, "PodDisruptionBudget", "Deployment")]
            policies = [o["spec"]["podSelector"] for o in of_kind(overlay, "NetworkPolicy")]
            selectors += [policy["matchLabels"] for policy in policies if "matchLabels" in policy]
            for selector in selectors:
                self.assertTrue(any(selector.items() <= pod.items() for pod in labels), selector)
            for scaler in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject"):
                named(overlay, "Deployment", scaler["spec"]["scaleTargetRef"]["name"])

    def test_the_guide_says_how_many_connections_postgres_has_to_hold(self):
        example, guide = ((ROOT / name).read_text() for name in ("girasol.example.toml", "docs/guides/kubernetes.md"))
        pools = re.findall(r"^#(?:serving|jobs|reports)_connections = (\d+)$", example, re.M)
        self.assertEqual(len(pools), 3)
        # One more listens for signals.
        each = sum(map(int, pools)) + 1
        for overlay in overlays():
            scalers = of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject")
            most = [scaler["spec"].get("maxReplicas") or scaler["spec"]["maxReplicaCount"] for scaler in scalers]
            most = most or [pod["spec"]["replicas"] for pod in of_kind(overlay, "Deployment")]
            self.assertEqual(len(most), 2)
            self.assertIn(f"| `{overlay}` | {sum(most)} | {sum(most) * each} |", guide)

    def test_the_sale_begins_on_a_schedule_with_more_of_everything(self):
        shop, sale = (named(overlay, "ScaledObject", "girasol-worker")["spec"] for overlay in ("shop", "sale"))
        [cron] = [trigger["metadata"] for trigger in sale["triggers"] if trigger["type"] == "cron"]
        self.assertLess(shop["minReplicaCount"], int(cron["desiredReplicas"]))
        self.assertLessEqual(int(cron["desiredReplicas"]), sale["maxReplicaCount"])
        for time in (cron["start"], cron["end"]):
            self.assertRegex(time, r"^\d+ \d+ [\d*]+ [\d*]+ [\d*]+$")
        servers = (named(overlay, "HorizontalPodAutoscaler", "girasol-server")["spec"] for overlay in ("shop", "sale"))
        before, during = servers
        self.assertLess(before["minReplicas"], during["minReplicas"])


class Launches(unittest.TestCase):
    """Workers are ready for the launches that the program knows."""

    def scaled(self, folder, schedule):
        (folder / "schedule.yaml").write_text(schedule)
        shop = os.path.relpath(DEPLOY / "kubernetes/overlays/shop", folder)
        patches = [{"path": "schedule.yaml", "target": {"kind": "ScaledObject"}}]
        (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [shop], "patches": patches}))
        built = yaml.safe_load_all(run(TOOLS / "kubectl", "kustomize", folder))
        [scaled] = [document for document in built if document and document["kind"] == "ScaledObject"]
        return scaled

    def test_the_triggers_of_launches_are_those_of_the_program(self):
        with tempfile.TemporaryDirectory(prefix="girasol-deploy-") as place:
            folder = Path(place)
            made = environment({"GIRASOL_DATA": str(folder / "data"), "GIRASOL_CONFIG": str(folder / "girasol.toml")})
            launch = '[[launches]]\nname = "{}"\nfrom = "{}"\nto = "{}"\n'
            (folder / "girasol.toml").write_text(
                launch.format("over: {long}", "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
                + launch.format('winter: \\"50 %\\"', "2030-12-27T06:00:00+01:00", "2030-12-30T23:59:00+01:00")
            )

            def girasol(*arguments):
                return run(BINARY, *arguments, env=made, cwd=folder)

            girasol("key", "create", "--role", "metrics", "--label", "first")
            girasol("launches", "add", "spring", "--from", "2031-03-01T00:00:00Z", "--to", "2031-03-02T00:00:00Z")
            scaled = self.scaled(folder, girasol("launches", "keda", "--replicas", "7"))
            Schemas().check_keda(scaled)
            crons = [trigger["metadata"] for trigger in scaled["spec"]["triggers"] if trigger["type"] == "cron"]
            self.assertEqual(
                crons,
                [
                    {"timezone": "Etc/UTC", "start": start, "end": end, "desiredReplicas": "7"}
                    for start, end in [("30 4 27 12 *", "59 22 30 12 *"), ("30 23 28 2 *", "0 0 2 3 *")]
                ],
            )
            # Without launches the overlay is as it was.
            (folder / "girasol.toml").write_text("")
            girasol("launches", "remove", "spring")
            scaled = self.scaled(folder, girasol("launches", "keda", "--replicas", "7"))
            self.assertEqual(scaled, named("shop", "ScaledObject", "girasol-worker"))


class Monitoring(unittest.TestCase):
    """What Prometheus' operator is told to scrape. Its own schema is in no registry."""

    def setUp(self):
        built = run(TOOLS / "kubectl", "kustomize", DEPLOY / "kubernetes/monitoring")
        self.objects = {document["kind"]: document for document in yaml.safe_load_all(built)}

    def test_each_server_is_scraped_at_the_address_of_its_figures_with_a_key(self):
        monitor, [service] = self.objects["ServiceMonitor"], of_kind("shop", "Service")
        self.assertEqual(monitor["metadata"]["namespace"], service["metadata"]["namespace"])
        selector = monitor["spec"]["selector"]["matchLabels"]
        self.assertLessEqual(selector.items(), service["metadata"]["labels"].items())
        [endpoint] = monitor["spec"]["endpoints"]
        self.assertEqual(endpoint["port"], service["spec"]["ports"][0]["name"])
        self.assertEqual(set(endpoint["authorization"]["credentials"]), {"name", "key"})
        with Server() as server:
            self.assertEqual(server.status(endpoint["path"]), 401)

    def test_each_worker_is_scraped_at_its_listener_with_a_key(self):
        monitor, pod = self.objects["PodMonitor"], named("shop", "Deployment", "girasol-worker")["spec"]["template"]
        self.assertEqual(monitor["metadata"]["namespace"], named("shop", "Deployment", "girasol-worker")["metadata"]["namespace"])
        self.assertLessEqual(monitor["spec"]["selector"]["matchLabels"].items(), pod["metadata"]["labels"].items())
        [endpoint] = monitor["spec"]["podMetricsEndpoints"]
        [container] = pod["spec"]["containers"]
        [port] = container["ports"]
        self.assertEqual(endpoint["port"], port["name"])
        self.assertEqual(endpoint["authorization"], self.objects["ServiceMonitor"]["spec"]["endpoints"][0]["authorization"])
        [listen] = [variable["value"] for variable in container["env"] if variable["name"] == "GIRASOL_SERVER__OPERATOR_LISTEN"]
        self.assertEqual(listen, f"0.0.0.0:{port['containerPort']}")
        with Worker() as worker:
            self.assertEqual(worker.status(endpoint["path"]), 401)

    def test_prometheus_may_reach_servers_and_workers(self):
        policy = self.objects["NetworkPolicy"]
        for version in VERSIONS:
            kubernetes_validate.validate(policy, version, strict=True)
        open_ports = {port["port"] for port in policy["spec"]["ingress"][0]["ports"]}
        for name in ("girasol-server", "girasol-worker"):
            pod = named("shop", "Deployment", name)["spec"]["template"]
            for expression in policy["spec"]["podSelector"]["matchExpressions"]:
                self.assertEqual(expression["operator"], "In")
                self.assertIn(pod["metadata"]["labels"][expression["key"]], expression["values"])
            self.assertLessEqual({port["name"] for port in pod["spec"]["containers"][0]["ports"]}, open_ports)


class Queue(unittest.TestCase):
    """The queries of the scaler, on the tables that the program makes."""

    def test_depth_counts_what_can_be_encoded_now_and_age_what_has_waited_long(self):
        spec = named("shop", "ScaledObject", "girasol-worker")["spec"]
        queries = {trigger["name"]: trigger["metadata"]["query"] for trigger in spec["triggers"]}
        server = subprocess.Popen(
            [ROOT / "tests/postgres/server.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.stdin.close)
        databases = server.stdout.readline().strip()
        self.assertTrue(databases, "Postgres did not start")

        def sql(text, database="girasol"):
            return run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text, f"{databases}/{database}")

        def asked():
            return {name: int(sql(query)) for name, query in queries.items()}

        sql("create database girasol", "postgres")
        # As the migration Job does it, on a root file system that is only read.
        with tempfile.TemporaryDirectory() as folder:
            made = environment({"GIRASOL_DATABASE__URL": f"{databases}/girasol", "GIRASOL_DATA": f"{folder}/none"})
            job = container_of(named("shop", "Job", "girasol-migrate"))
            run(BINARY, *job["args"], env=made, cwd=folder)
            self.assertEqual(run("ls", folder), "")
        self.assertEqual(asked(), {"depth": 0, "age": 0})
        jobs = {
            "new": ("queued", "0 seconds"),
            "old": ("queued", "6 minutes"),
            "later": ("queued", "-1 hour"),
            "runs": ("running", "10 seconds"),
            "ready": ("ready", "1 hour"),
            "failed": ("failed", "1 hour"),
            "cancelled": ("cancelled", "1 hour"),
        }
        sql("insert into keys (id, role, label, secret_sha256, created_at_ms) values ('k', 'artist', 'a', 's', 0)")
        for name, (state, since) in jobs.items():
            sql(
                "insert into framesets (id, product_id, choices, settings, state, key_id, created_at_ms, touched_at_ms) "
                f"values ('{name}', 'ring.solitaire', '{{}}', '{{}}', 'committed', 'k', 0, 0);"
                "insert into jobs (id, frameset_id, state, run_at_ms, created_at_ms, changed_at_ms) "
                f"select '{name}', '{name}', '{state}', extract(epoch from now() - interval '{since}') * 1000, 0, 0"
            )
        self.assertEqual(asked(), {"depth": 3, "age": 2})


if __name__ == "__main__":
    unittest.main()
