"""Processes that can be killed, stopped and started again, and that end with this one."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class ChaosError(Exception):
    """The harness itself cannot go on."""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def until(what, holds, seconds, pause_s=0.05):
    """Asks again until it holds, and gives what it gave."""
    end = time.monotonic() + seconds
    while True:
        if found := holds():
            return found
        if time.monotonic() > end:
            raise ChaosError(f"{what} did not happen in {seconds} s")
        time.sleep(pause_s)


def descendants(pid):
    """The processes below one, by what the kernel lists."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The command in brackets may have spaces in it.
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    found = [pid]
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found[1:]


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def end_with_parent():
    """In the child: it is killed when the thread ends that started it. The main thread starts all of them."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One command, which may run many times. Its log is kept from run to run."""

    def __init__(self, name, command, log, environment=None, stdin=None):
        self.name, self.command, self.environment, self.stdin = name, [str(part) for part in command], environment, stdin
        self.log = pathlib.Path(log)
        self.child = None

    def start(self, extra=None):
        """Starts it, with more variables for this run."""
        made = {**(self.environment if self.environment is not None else os.environ), **(extra or {})}
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                self.command,
                env=made,
                stdin=self.stdin or subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        return self

    @property
    def runs(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """As a machine that loses its power: it and its children end without a word."""
        if self.child is None:
            return
        below = descendants(self.child.pid) if self.runs else []
        self.child.kill()
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.child.wait()
        until(f"the end of {self.name}", lambda: not any(is_running(pid) for pid in below), 10)

    def terminate(self, seconds):
        """Asks it to end, and gives its exit status."""
        self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise ChaosError(f"{self.name} did not end in {seconds} s") from late

    def cpu_seconds(self):
        """CPU that the process has used, all of its threads."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def said(self):
        """The last lines of its log."""
        try:
            return self.log.read_text(errors="replace")[-2000:]
        except OSError:
            return ""
