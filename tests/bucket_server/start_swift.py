"""OpenStack Swift with its S3 middleware, for the tests: an S3 server that checks signatures, dates and rights.

Prints its address, and ends when its standard input does. Proxy, account, container and object server are in this process,
over one device in a folder of its own. Arguments are the users, as ACCOUNT:NAME:SECRET.
"""

import json
import os
import shutil
import sys
import tempfile
from time import monotonic

import eventlet

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

from eventlet import wsgi  # noqa: E402
from swift.common import constraints, storage_policy, utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import SwiftHttpProtocol, loadapp  # noqa: E402

SWIFT = """
[swift-hash]
swift_hash_path_suffix = girasol-tests
"""

BACKEND = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
# A busy machine is no reason to be late with a listing: what a test has written it finds.
container_update_timeout = 60
conn_timeout = 20
node_timeout = 60
fallocate_reserve = 0
disable_fallocate = true
db_preallocation = false
log_level = ERROR

[app:main]
use = egg:swift#{kind}
"""

PROXY = """
[DEFAULT]
swift_dir = {folder}
log_level = ERROR

[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats s3api tempauth bulk slo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
conn_timeout = 20
node_timeout = 60
recoverable_node_timeout = 60

[filter:s3api]
use = egg:swift#s3api
location = us-east-1
# Buckets belong to the users that made them, and others need leave.
s3_acl = true
max_upload_part_num = 10000

[filter:tempauth]
use = egg:swift#tempauth
{users}

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
"""


class Cache:
    """What Swift expects of memcached, in this process."""

    def __init__(self, app):
        self.app = app
        self.kept = {}

    def __call__(self, env, start_response):
        env["swift.cache"] = self
        return self.app(env, start_response)

    def set(self, key, value, serialize=True, time=0, **_):
        # As memcached gives it back: no tuples, and no object that is still in use.
        self.kept[key] = (json.dumps(value), monotonic() + time if time else None)

    def get(self, key, **_):
        value, until = self.kept.get(key, (None, None))
        return None if value is None or (until is not None and monotonic() > until) else json.loads(value)

    def delete(self, key, **_):
        self.kept.pop(key, None)


def folder_with_attributes():
    """A new folder on a file system that has extended attributes, in which Swift keeps what it knows of an object."""
    for place in (None, "/var/tmp", os.getcwd()):
        folder = tempfile.mkdtemp(prefix="girasol-swift-", dir=place)
        try:
            os.setxattr(folder, "user.girasol", b"1")
            return folder
        except OSError:
            os.rmdir(folder)
    sys.exit("no folder for Swift: neither TMPDIR nor /var/tmp has extended attributes")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def serve(sock, app):
    eventlet.spawn(
        wsgi.server,
        sock,
        app,
        utils.NullLogger(),
        custom_pool=eventlet.GreenPool(1000),
        protocol=SwiftHttpProtocol,
        # As Swift does: clients of S3 look for ETag, and not for Etag.
        capitalize_response_headers=False,
    )


def main(folder, users):
    write(f"{folder}/swift.conf", SWIFT)
    os.makedirs(f"{folder}/devices/one")
    utils.set_swift_dir(folder)
    constraints.reload_constraints()
    storage_policy.reload_storage_policies()

    for kind in ("account", "container", "object"):
        sock = eventlet.listen(("127.0.0.1", 0), backlog=500)
        ring = RingBuilder(4, 1, 0)
        device = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": sock.getsockname()[1], "device": "one", "weight": 1}
        ring.add_dev(device)
        ring.rebalance()
        ring.get_ring().save(f"{folder}/{kind}.ring.gz")
        config = write(f"{folder}/{kind}-server.conf", BACKEND.format(folder=folder, kind=kind))
        serve(sock, loadapp(config))

    users = [user.split(":") for user in users]
    users = "\n".join(f"user_{account}_{name} = {secret} .admin" for account, name, secret in users)
    config = write(f"{folder}/proxy-server.conf", PROXY.format(folder=folder, users=users))
    sock = eventlet.listen(("127.0.0.1", 0), backlog=500)
    serve(sock, Cache(loadapp(config)))
    print(f"http://127.0.0.1:{sock.getsockname()[1]}", flush=True)

    # The test holds the other end of this pipe, so that the server ends with it, even if the test is killed.
    eventlet.tpool.execute(sys.stdin.buffer.read)


if __name__ == "__main__":
    FOLDER = folder_with_attributes()
    try:
        main(FOLDER, sys.argv[1:])
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
