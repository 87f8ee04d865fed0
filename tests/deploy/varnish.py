"""Varnish as the Compose file runs it, in front of servers of this machine."""

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
        host, port = second.split(":")
        text = (DEPLOY / "compose/servers.vcl").read_text().replace('"server-2"', f'"{host}"').replace('"8360"', f'"{port}"')
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

    @property
    def printed(self):
        """What `girasol edge` printed, and the service changed."""
        return (self.folder / "girasol.vcl").read_text()
