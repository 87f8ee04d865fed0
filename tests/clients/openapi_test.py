"""schemathesis runs the OpenAPI document against the real server: no 5xx, and no answer that the document does not declare."""

import base64
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

BINARY = os.environ["GIRASOL"]
SCHEMATHESIS = os.path.join(os.path.dirname(sys.executable), "schemathesis")
TURN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/ring-rose-gold")
# Every third of the sample's frames: it is not the encoders that are tested here.
NAMES = [f"{degree:03}.webp" for degree in range(0, 360, 30)]
PATIENCE_S = 120

ENVIRONMENT = {
    **os.environ,
    "GIRASOL_LOG__LEVEL": "warn",
    # A job that the run queues waits for good: it can be cancelled, moved and retried, and costs nothing.
    "GIRASOL_JOBS__IN_SERVER": "false",
    # A full disk is not what is looked for.
    "GIRASOL_UPLOADS__DISK_MIN_FREE_BYTES": "0",
    **{f"GIRASOL_SIZES__{family}__{format}_PX": "64" for family in ("STILL", "SPIN", "HD") for format in ("AVIF", "WEBP")},
}

# These take from others what those need, and come last.
DESTROYING = [
    "discardFrameset", "removeFrame", "commitFrameset", "endUpload", "takeDown", "removeSequence", "protect", "unprotect",
    "removeProduct", "revokeKey", "endSession",
]

# A stream ends with its job, and the jobs that the run queues do not end. tests/it/jobs.rs reads one. Those of performance and of alerts have no end.
LEFT_OUT = ["watchJob", "watchPerformance", "watchAlerts"]

# The store here is a folder, in which artists have no place of their own. tests/it/bucket.rs has a bucket.
NO_BUCKET = ["openBucket", "presignFrames", "fetchFrames"]

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


class Api:
    """What the run prepares, as a client with a key."""

    def __init__(self, base, key):
        self.base, self.key = base, key

    def ask(self, method, path, body=None, headers=None):
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.base + path, content, headers, method=method)
        with urllib.request.urlopen(request) as response:
            text = response.read()
            return json.loads(text) if text else response.headers

    def frameset(self, metal):
        # Another hero angle than the one that is live: a version of its own comes of it.
        choices = {"metal": metal, "stone": "diamond"}
        wanted = {"product": "ring.solitaire", "choices": choices, "newChoices": True, "settings": {"hero": 30}}
        return self.ask("POST", "/api/framesets", wanted)["id"]

    def put(self, frameset, name, file):
        with open(os.path.join(TURN, file), "rb") as frame:
            self.ask("PUT", f"/api/framesets/{frameset}/frames/{name}", frame.read())

    def filled(self, metal):
        frameset = self.frameset(metal)
        for name in NAMES:
            self.put(frameset, name, name)
        return frameset

    def faulty(self):
        """A set with a frame twice, which can be mended."""
        frameset = self.frameset("yellow-gold")
        for number, name in enumerate(NAMES[:5] + NAMES[4:]):
            self.put(frameset, f"{number:03}.webp", name)
        return frameset

    def checked(self, frameset):
        start = time.monotonic()
        while (check := self.ask("GET", f"/api/framesets/{frameset}/check"))["state"] != "done":
            if time.monotonic() - start > PATIENCE_S:
                raise SystemExit("the check does not end")
            time.sleep(0.1)
        return check

    def evidence(self):
        """A picture of what is wrong with a set."""
        frameset = self.faulty()
        findings = self.checked(frameset)["findings"]
        return {"frameset": frameset, "finding": next(one["id"] for one in findings if one["evidence"])}

    def mendable(self):
        """A set with a frame twice, and the mend that leaves it out."""
        frameset = self.faulty()
        return {"frameset": frameset, "body": {"mend": "leave-out", "revision": self.checked(frameset)["revision"]}}

    def committed(self, metal):
        return self.ask("POST", f"/api/framesets/{self.filled(metal)}/commit")["job"]["id"]

    def upload(self, frameset):
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in
                            (("frameset", frameset), ("filename", "upload.png")))
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000", "Upload-Metadata": metadata}
        return self.ask("POST", "/api/uploads", b"", headers)["Location"].rsplit("/", 1)[1], metadata


def run(*arguments):
    return subprocess.run([BINARY, *arguments], check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout


def key(data, role):
    return run("key", "create", "--role", role, "--data", data).strip()


def ingest(data, turn, metal, *flags):
    run("ingest", turn, "--data", data, "--product", "ring/solitaire",
        "--choice", f"metal={metal}", "--choice", "stone=diamond", "--new-choice", "--json", *flags)


def spare_product(api):
    """A product that has no configuration."""
    api.ask("PUT", "/api/products/ring.spare", {"schema": "girasol.product/1", "id": "ring.spare"})
    return "ring.spare"


def removable(data):
    """A configuration without a version."""
    configuration = "ring.solitaire.metal-zinc.stone-diamond"
    run("take-down", configuration, "--yes", "--data", data)
    return configuration


def protected(api, data):
    """A spin that only signed addresses show, and two more to protect and to release."""
    def of(metal):
        return f"ring.solitaire.metal-{metal}.stone-diamond"

    token = run("sign", of("platinum"), "--data", data).strip().split("/")[2]
    manifest = api.ask("GET", f"/signed/{token}/sequence?tier=standard&format=avif")
    rendition = manifest["tiers"]["standard"]["formats"]["avif"]
    frame = {"token": token, "set": rendition["set"], "degree": "000", "format": "avif"}
    return {
        "showSignedSequence": {"token": token},
        "showSignedManifest": {"token": token, "digest": manifest["digest"]},
        "showSignedStill": {"token": token},
        "showSignedFrame": frame,
        "showSignedPack": {"token": token, "digest": rendition["packs"][0]["pack"]},
        "sign": {"configuration": of("platinum")},
        "protect": {"configuration": of("tin")},
        "unprotect": {"configuration": of("lead")},
    }


def prepare(api, data, admin):
    """Makes what the document's examples are to name, and gives them: for all operations, and for some alone.

    What an operation destroys is its own, so that the others find theirs.
    """
    ring = "ring.solitaire.metal-yellow-gold.stone-diamond"
    job = api.committed("yellow-gold")
    worker = subprocess.Popen([BINARY, "work", "--data", data], env=ENVIRONMENT)
    try:
        start = time.monotonic()
        while (state := api.ask("GET", f"/api/jobs/{job}")["state"]) != "ready":
            if state == "failed" or time.monotonic() - start > PATIENCE_S:
                raise SystemExit(f"the job that the run needs is {state}")
            time.sleep(0.2)
    finally:
        worker.terminate()
        worker.wait()
    manifest = api.ask("GET", f"/api/products/customizable/{ring}/sequence?tier=standard&format=avif")
    rendition = manifest["tiers"]["standard"]["formats"]["avif"]
    look = api.ask("POST", f"/api/sequences/{ring}/versions/1/preview-link", {"hours": 1})
    # So that there is something to go back to.
    version = api.ask("GET", f"/api/jobs/{job}")["version"]
    api.ask("POST", f"/api/sequences/{ring}/publish", {"version": version})
    frameset, waiting = api.filled("yellow-gold"), api.committed("yellow-gold")
    upload, metadata = api.upload(frameset)
    spare = api.frameset("rose-gold")
    # A set into which the run puts nothing.
    whole = api.filled("rose-gold")
    common = {
        "configuration": ring, "set": rendition["set"], "digest": manifest["digest"], "degree": "000", "format": "avif",
        "frameset": frameset, "name": NAMES[1], "upload": upload, "job": waiting, "version": 1,
        "token": look["link"].rsplit("/", 1)[1], "Upload-Metadata": metadata,
    }
    rose = "ring.solitaire.metal-rose-gold.stone-diamond"
    alone = {
        "showEvidence": api.evidence(),
        "mendFrameset": api.mendable(),
        "showPack": {"digest": rendition["packs"][0]["pack"]},
        "discardFrameset": {"frameset": spare},
        "showThumbnail": {"frameset": whole},
        "commitFrameset": {"frameset": whole, "acknowledge": api.checked(whole)["revision"]},
        "endUpload": {"upload": api.upload(frameset)[0]},
        "takeDown": {"configuration": rose, "body": {"confirm": rose}},
        "removeSequence": {"configuration": removable(data)},
        "revokeKey": {"key": key(data, "metrics").split("_")[1]},
        "beginSession": {"body": {"key": admin}},
        "publish": {"body": {"version": version}},
        "importProduct": {"body": api.ask("GET", "/api/products/ring.solitaire")},
        "removeProduct": {"product": spare_product(api)},
        **protected(api, data),
    }
    return common, alone


def name_what_is_there(document, common, alone):
    """The document with examples that the server has: all that is random in it is found wanting at the door."""
    document = copy.deepcopy(document)
    for item in document["paths"].values():
        for operation in item.values():
            named = alone.get(operation["operationId"], {})
            if "body" in named:
                operation["requestBody"]["content"]["application/json"]["example"] = named["body"]
            for parameter in operation.get("parameters", []):
                example = named.get(parameter["name"], common.get(parameter["name"]))
                if example is not None:
                    parameter["example"] = example
    return document


def close(document):
    """Clients have to take fields that they do not know; here, one that the document does not know is an error."""
    def walk(schema, alone):
        if isinstance(schema, list):
            for each in schema:
                walk(each, alone)
        elif isinstance(schema, dict):
            if "allOf" in schema:
                schema["unevaluatedProperties"] = False
            elif alone and schema.get("type") == "object" and "properties" in schema:
                schema.setdefault("additionalProperties", False)
            for name, each in schema.items():
                walk(each, alone and name != "allOf")

    parts = {part["$ref"].rsplit("/", 1)[1] for schema in document["components"]["schemas"].values()
             for part in schema.get("allOf", []) if "$ref" in part}
    for name, schema in document["components"]["schemas"].items():
        if name in parts:
            for inner in schema["properties"].values():
                walk(inner, True)
        else:
            walk(schema, True)
    walk(document["paths"], True)


def never_succeeded(document, exchanges):
    """Operations that were refused whatever was sent: what they answer when all is well was not looked at."""
    left = {}
    for path, item in document["paths"].items():
        pattern = re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$")
        for method, operation in item.items():
            if operation["operationId"] not in LEFT_OUT + NO_BUCKET:
                left[operation["operationId"]] = (method.upper(), pattern)
    for exchange in exchanges:
        request = exchange["request"]
        path = urllib.parse.urlsplit(request["url"]).path
        if exchange["response"]["status"] < 400:
            left = {name: (method, pattern) for name, (method, pattern) in left.items()
                    if method != request["method"] or not pattern.match(path)}
    return sorted(left)


def schemathesis(document, base, key, exchanges, chosen):
    """Deterministic and bounded: a few examples for each operation, and every border that its schemas have."""
    command = [
        SCHEMATHESIS, "run", document, "--url", base, "--header", f"Authorization: Bearer {key}",
        "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS), "--max-examples", "25",
        "--seed", "1", "--generation-deterministic", "--workers", "1", "--request-timeout", "20",
        "--warnings", "off", "--continue-on-failure", "--no-color",
        "--report", "har", "--report-har-path", exchanges, *chosen, *sys.argv[1:],
    ]
    here = os.path.dirname(os.path.abspath(__file__))
    environment = {**os.environ, "PYTHONPATH": here, "PYTHONDONTWRITEBYTECODE": "1", "SCHEMATHESIS_HOOKS": "openapi_hooks"}
    return subprocess.run(command, cwd=os.path.dirname(document), env=environment).returncode


def main():
    data = tempfile.mkdtemp(prefix="girasol-openapi-")
    server = None
    try:
        turn = os.path.join(data, "turn")
        os.mkdir(turn)
        for name in NAMES:
            shutil.copy(os.path.join(TURN, name), turn)
        for metal in ("yellow-gold", "rose-gold", "tin", "zinc"):
            ingest(data, turn, metal)
        for metal in ("platinum", "lead"):
            ingest(data, turn, metal, "--protected")
        # An admin's key, which may do what an artist's may, and the rest.
        admin = key(data, "admin")
        server = subprocess.Popen([BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, text=True,
                                  env={**ENVIRONMENT, "GIRASOL_LIMITS__ENABLED": "false"})
        base = server.stdout.readline().split(" at ")[1].strip().rstrip("/")
        api = Api(base, admin)
        common, alone = prepare(api, data, admin)
        document = name_what_is_there(api.ask("GET", "/api/openapi.json"), common, alone)
        close(document)
        path = os.path.join(data, "openapi.json")
        with open(path, "w") as file:
            json.dump(document, file)
        codes, exchanges = [], []
        for choice, names in (("--exclude-operation-id", LEFT_OUT + DESTROYING), ("--include-operation-id", DESTROYING)):
            log = os.path.join(data, "exchanges.json")
            codes.append(schemathesis(path, base, admin, log, [word for name in names for word in (choice, name)]))
            with open(log) as file:
                exchanges += json.load(file)["log"]["entries"]
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        left = never_succeeded(document, exchanges)
        if left:
            print("Refused whatever was sent:", ", ".join(left))
        return max(*codes, 1 if left else 0)
    finally:
        if server:
            server.kill()
            server.wait()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
