"""An S3 server in memory, for the tests: prints its address, and ends when its standard input does."""

import logging
import sys

from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"http://{host}:{port}", flush=True)
# The test holds the other end of this pipe, so that the server ends with it, even if the test is killed.
sys.stdin.buffer.read()
