"""Varnish as the Compose file runs it, in front of servers of this machine."""

import json
import pathlib
import socket
import subprocess
import tempfile

from common import BINARY, DEPLOY, compose, environment, run, system


class Varnish:
    """It ends with its test."""

    def __init__(self, test):
        self.test = test
        temporary = tempfile.TemporaryDirectory(prefix="girasol-deploy-")
        test.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        # Varnish gives up root's rights before it reads.
        self.folder.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.at = f"127.0.0.1:{free.getsockname()[1]}"

    def start(self, first, second):
        """Does what the services `edge` and `varnish` do, with these two addresses."""
        services = compose()["services"]
        edge, varnish = services["edge"], services["varnish"]
        [script] = edge["command"]
        for there, here in [
            ("girasol edge", f"{BINARY} edge"),
            ("server-1:8360", first),
            ("/var/lib/edge", str(self.folder)),
            ("$$", "$"),
        ]:
            script = script.replace(there, here)
        run(*edge["entrypoint"], script, env=environment({"GIRASOL_CONFIG": str(DEPLOY / "compose/girasol.toml")}))
        text = (DEPLOY / "compose/servers.vcl").read_text()
        for name, address in [("server-1", first), ("server-2", second)]:
            host, port = address.split(":")
            there = f'.host = "{name}";\n    .port = "8360";'
            self.test.assertIn(there, text)
            text = text.replace(there, f'.host = "{host}";\n    .port = "{port}";')
        (self.folder / "servers.vcl").write_text(text)

        command = [part.replace("/etc/varnish:/var/lib/edge", str(self.folder)) for part in varnish["command"]]
        command = [part.replace("/etc/varnish", str(self.folder)) for part in command]
        command[0], command[command.index("-a") + 1] = system("varnishd"), self.at
        process = subprocess.Popen([*command, "-n", self.folder / "varnish"], stderr=subprocess.PIPE, text=True)
        self.test.addCleanup(process.stderr.close)
        self.test.addCleanup(process.wait)
        self.test.addCleanup(process.terminate)
        said = ""
        while "Child starts" not in said:
            line = process.stderr.readline()
            self.test.assertTrue(line, f"varnishd did not start: {said}")
            said += line

    def sends_to(self):
        """The probes of servers that succeed: two of each server that is ready."""
        listed = json.loads(run("varnishadm", "-n", self.folder / "varnish", "backend.list", "-j"))
        backends = {name: one for group in listed if isinstance(group, dict) for name, one in group.items()}
        probed = {name: one for name, one in backends.items() if name.startswith("boot.") and one["type"] == "backend"}
        return {name.removeprefix("boot.") for name, one in probed.items() if one["probe_message"][2] == "healthy"}

    @property
    def printed(self):
        """What `girasol edge` printed, and the service changed."""
        return (self.folder / "girasol.vcl").read_text()
