"""An S3 server that keeps what it was given on disk, so that it can be killed: moto, with a file for each object.

The Python of moto's environment runs it: s3.py FOLDER PORT. An answer is sent once the change is in a file.
"""

import hashlib
import io
import logging
import os
import pathlib
import pickle
import sys
import threading
import urllib.parse

from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNT = "123456789012"


class Quiet(WSGIRequestHandler):
    # Connections stay open, as those of S3 do.
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def backend():
    return s3_backends[ACCOUNT]["aws"]


class Files:
    """A folder for each bucket, a file for each object in it and for each upload in parts."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()

    def place(self, bucket, kind, name):
        return self.folder / bucket / f"{kind}-{hashlib.sha256(name.encode()).hexdigest()}"

    def read(self):
        """What an earlier process was given."""
        for bucket in sorted(self.folder.iterdir()):
            backend().create_bucket(bucket.name, "us-east-1")
            held = backend().buckets[bucket.name]
            for file in bucket.iterdir():
                if file.suffix:
                    continue
                name, value = pickle.loads(file.read_bytes())
                (held.keys if file.name.startswith("object-") else held.multiparts)[name] = value

    def sync(self, bucket, kind, name, value):
        """Makes one file what the server has in memory."""
        file = self.place(bucket, kind, name)
        if value is None:
            file.unlink(missing_ok=True)
            return
        beside = file.with_suffix(f".{threading.get_ident()}")
        beside.write_bytes(pickle.dumps((name, value)))
        os.replace(beside, file)

    def follow(self, bucket, key, upload, removed):
        """After a change: of an object, of an upload, or of many objects at once."""
        held = backend().buckets.get(bucket)
        if held is None:
            return
        (self.folder / bucket).mkdir(exist_ok=True)
        if key:
            self.sync(bucket, "object", key, held.keys.get(key))
        if upload:
            self.sync(bucket, "upload", upload, held.multiparts.get(upload))
        for name in removed:
            self.sync(bucket, "object", name, held.keys.get(name))


class Kept:
    """The application, and behind each request that changes something the files."""

    def __init__(self, application, files):
        self.application, self.files = application, files

    def __call__(self, environ, start):
        if environ["REQUEST_METHOD"] not in ("PUT", "POST", "DELETE"):
            return self.application(environ, start)
        path = urllib.parse.unquote(environ["PATH_INFO"].encode("latin-1").decode()).lstrip("/")
        bucket, _, key = path.partition("/")
        query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        # All of it first: a client that stalls in the middle holds up no other.
        length, chunked = int(environ.get("CONTENT_LENGTH") or 0), environ.get("wsgi.input_terminated")
        sent = environ["wsgi.input"].read() if chunked else environ["wsgi.input"].read(length)
        if len(sent) < length:
            raise ConnectionError("the body ended early")
        environ = {**environ, "wsgi.input": io.BytesIO(sent), "CONTENT_LENGTH": str(len(sent))}
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        # One change at a time, so that files follow each other as changes do.
        with self.files.lock:
            before = set(self.names(bucket)) if "delete" in query else set()
            body = b"".join(self.application(environ, start))
            upload = (query.get("uploadId") or [None])[0]
            if "uploads" in query and (started := body.partition(b"<UploadId>")[2]):
                upload = started.partition(b"</UploadId>")[0].decode()
            self.files.follow(bucket, key, upload, before - set(self.names(bucket)))
        return [body]

    @staticmethod
    def names(bucket):
        held = backend().buckets.get(bucket)
        return held.keys.keys() if held else ()


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(exist_ok=True)
    files = Files(folder)
    files.read()
    application = Kept(DomainDispatcherApplication(create_backend_app), files)
    make_server("127.0.0.1", port, application, threaded=True, request_handler=Quiet).serve_forever()


if __name__ == "__main__":
    main()
