"""The three servers, each on one core."""

import http.client
import os
import socket
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

CORE = "0"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A server and its processes."""

    def __init__(self, command, port, **options):
        self.port = port
        self.process = subprocess.Popen(["taskset", "-c", CORE, *map(str, command)], **options)
        self.await_port()

    def await_port(self):
        for _ in range(600):
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended with {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.name} does not listen")

    def fetch(self, path, headers=None, method="GET"):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request(method, path, headers=headers or {})
        answer = line.getresponse()
        body = answer.read()
        line.close()
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=body)

    def processes(self):
        """Its process and those below it."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            try:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
            except OSError:
                pass
        return found

    def cpu(self):
        """CPU seconds that the kernel has counted for all of them."""
        total = 0
        for pid in self.processes():
            # In nanoseconds; `stat` has ticks of 10 ms.
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory(self):
        """Resident bytes of all of them."""
        pages = 0
        for pid in self.processes():
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * PAGE

    def address(self, path, file):
        """What is asked of it for what Girasol has at `path`, and the others as a file."""
        return file or path

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Girasol(Server):
    name = "Girasol"

    def __init__(self, binary, folder, data):
        port = free_port()
        settings = {
            "GIRASOL_LIMITS__ENABLED": "false",
            "GIRASOL_SERVER__WORKERS": "1",
            # Every client is this machine, and none is cut off.
            "GIRASOL_SERVER__MAX_CONNECTIONS_PER_PEER": "10000",
            "GIRASOL_JOBS__IN_SERVER": "false",
        }
        # Lines are written as a service's are, and read by none.
        log = open(folder / "girasol.log", "wb")
        command = [binary, "serve", "--data", data, "--listen", f"127.0.0.1:{port}"]
        super().__init__(command, port, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=log)

    def address(self, path, file):
        return path


class Nginx(Server):
    name = "nginx"

    def __init__(self, folder, files):
        port = free_port()
        config = folder / "nginx.conf"
        template = (Path(__file__).parent / "nginx.conf").read_text()
        config.write_text(template.replace("FOLDER", str(folder)).replace("FILES", str(files)).replace("PORT", str(port)))
        super().__init__(["nginx", "-c", config, "-e", "stderr"], port)


class Varnish(Server):
    name = "Varnish"

    def __init__(self, folder, nginx):
        port = free_port()
        vcl = folder / "serve.vcl"
        vcl.write_text(
            f"""vcl 4.1;
backend files {{ .host = "127.0.0.1"; .port = "{nginx.port}"; }}
sub vcl_backend_response {{ set beresp.ttl = 1d; }}
"""
        )
        command = ["varnishd", "-F", "-j", "none", "-a", f"127.0.0.1:{port}", "-n", folder / "varnish"]
        command += ["-s", "malloc,256m", "-p", "http_gzip_support=off", "-p", "thread_pools=1", "-f", vcl]
        path = os.environ["PATH"] + ":/usr/sbin"
        super().__init__(command, port, env={**os.environ, "PATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
