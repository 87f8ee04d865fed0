"""Visitors who turn spins and switch between configurations, as the viewer asks for them."""

import json
import random
import threading

from client import STALL_S, Client, visit
from processes import ChaosError

ACCEPT = {"Accept": "image/avif,image/webp,*/*", "Accept-Encoding": "br, gzip, identity"}
PLAIN = {"Accept": "image/avif,image/webp,*/*"}


def sequence(configuration):
    return f"/api/products/customizable/{configuration}/sequence"


def parts(manifest):
    """What a viewer loads of a manifest: the packs of the selected tier, a few single frames, the still."""
    selected = manifest["selected"]
    rendition = manifest["tiers"][selected["tier"]]["formats"][selected["format"]]
    degrees = [degree for pack in rendition["packs"] for degree in pack["degrees"]]
    frames = [f"/s/{rendition['set']}/{degree:03}.{selected['format']}" for degree in degrees[::4]]
    packs = [f"/p/{pack['pack']}.pack" for pack in rendition["packs"]]
    return [*packs, *frames, f"/still/{manifest['configuration']}.{selected['format']}"]


class Visitors:
    """Threads of visitors. Some turn spins that the cache or a server has, others those that were just published."""

    def __init__(self, address, configurations, studio, record, pause_s):
        self.address, self.configurations, self.studio = address, configurations, studio
        self.record, self.pause_s = record, pause_s
        self.seen, self.lock = set(), threading.Lock()

    def start(self, cached, curious, servers):
        work = [self.turn_cached] * cached + [self.turn_new] * curious + [lambda: self.turn_known(servers)]
        for one in work:
            threading.Thread(target=one, daemon=True).start()

    def warm(self, address):
        """Loads each spin once, so that the cache or a server has all of it."""
        client = Client(address, STALL_S)
        for configuration in self.configurations:
            if not self.spin(client, "visitors", configuration):
                raise ChaosError(f"{configuration} cannot be loaded from {address}: {self.record.now.failures[-3:]}")
        client.close()

    def spin(self, client, kind, configuration):
        """One spin. False if something of it did not come."""
        answer = visit(client, self.record, kind, sequence(configuration), headers=PLAIN)
        if answer is None:
            return False
        asked = [visit(client, self.record, kind, part, headers=ACCEPT) for part in parts(answer.json())]
        return all(asked)

    def turn_cached(self):
        client = Client(self.address, STALL_S)
        while not self.record.stopped.is_set():
            self.spin(client, "cached", random.choice(self.configurations))
            self.record.stopped.wait(random.uniform(0.5, 1.5) * self.pause_s)

    def turn_known(self, servers):
        """Past the cache: what a server has in memory needs neither database nor bucket."""
        clients = [Client(server.at, STALL_S) for server in servers]
        while not self.record.stopped.is_set():
            if self.record.now.spares_servers:
                self.spin(random.choice(clients), "known", random.choice(self.configurations))
            self.record.stopped.wait(random.uniform(0.5, 1.5) * self.pause_s)

    def turn_new(self):
        """Switches to configurations that no cache has yet, where there are such, and asks for choices."""
        client = Client(self.address, STALL_S)
        while not self.record.stopped.is_set():
            configuration = self.unseen() or random.choice(self.configurations)
            product, _, number = configuration.rpartition(".number-")
            body = json.dumps({"choices": {"number": number}}).encode()
            headers = {"Content-Type": "application/json"}
            address = f"/api/products/customizable/{product}/configure"
            if visit(client, self.record, "visitors", address, "POST", body, headers) is not None:
                self.spin(client, "visitors", configuration)
            self.record.stopped.wait(random.uniform(0.5, 1.5) * self.pause_s)

    def unseen(self):
        with self.lock:
            for upload in self.studio.published():
                if upload.configuration not in self.seen:
                    self.seen.add(upload.configuration)
                    return upload.configuration
        return None
