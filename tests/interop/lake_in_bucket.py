"""Keeps the lake in a bucket of an S3-compatible server that nobody here wrote: moto, in a process of its own.

Pulled and run with the lake in the bucket; the local folder deleted, the ledger alone restored, run
again: identical decisions. The connection is cut in the middle, for a moment and for good; a byte in the
bucket is changed; somebody else creates the list of a generation in the very moment. A generation is read
with DuckDB by its list. What this cannot prove: how a real store behaves under load, and that it checks
signatures (moto does not).
"""

import csv
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import duckdb
import pyarrow.dataset
import pyarrow.fs

program = sys.argv[1]
folder = sys.argv[2]
DAY = "2026-01-15"
BUCKET, PREFIX = "lakes", "helsinki/t2d"
SECRET = "a-secret-that-stays-in-its-file"
passed = 0


def check(what, seen, expected=True):
    global passed
    if seen != expected:
        sys.exit(f"{what}: {seen!r}, expected {expected!r}")
    passed += 1


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Line:
    """A line to the server that can be cut: at once, or after so many bytes have gone there."""

    def __init__(self, target):
        self.target = target
        self.left = None
        self.is_cut = False
        self.seen = b""
        self.before = {}
        self.open = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            with self.lock:
                self.open |= {near, far}
            threading.Thread(target=self.pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, False), daemon=True).start()

    def pump(self, source, sink, is_request):
        try:
            while piece := source.recv(65536):
                if is_request:
                    self.notice(piece)
                    if self.left is not None:
                        self.left -= len(piece)
                        if self.left <= 0:
                            self.cut()
                            break
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def notice(self, piece):
        self.seen += piece
        for pattern in list(self.before):
            if pattern in piece:
                self.before.pop(pattern)(piece)

    def cut(self, after=None):
        """Cuts the line now, or when so many bytes have gone to the server."""
        if after is not None:
            self.left = after
            return
        self.is_cut, self.left = True, None
        with self.lock:
            for end in self.open:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.open.clear()

    def mend(self):
        self.is_cut, self.left = False, None


def preventio(*words, data, code=0):
    said = subprocess.run([program, *words, "--data", data], capture_output=True, text=True)
    if said.returncode != code:
        sys.exit(f"{words} ended with {said.returncode}, expected {code}\n{said.stdout}{said.stderr}")
    return said


def runs(data):
    return json.loads(preventio("run", "--index-date", DAY, "--json", data=data).stdout)["decisions_hash"]


def status(data):
    return json.loads(preventio("lake", "status", "--json", data=data).stdout)


def restored(data):
    """A folder with a copy of the ledger and nothing else."""
    place = tempfile.mkdtemp(dir=folder)
    os.chmod(place, 0o700)
    for name in ("ledger.sqlite", "ledger.sqlite-wal"):
        if os.path.exists(f"{data}/{name}"):
            shutil.copy(f"{data}/{name}", f"{place}/{name}")
    return place


server_port = free_port()
server = subprocess.Popen(
    [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(server_port)],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", server_port)).close()
            break
        except OSError:
            time.sleep(0.1)
    direct = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server_port}",
        region_name="us-east-1",
        aws_access_key_id="preventio",
        aws_secret_access_key=SECRET,
    )
    direct.create_bucket(Bucket=BUCKET)
    line = Line(server_port)

    def keys(under):
        pages = direct.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{PREFIX}/{under}")
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    with open(f"{folder}/secret", "w") as file:
        file.write(SECRET + "\n")
    config = f"{folder}/bucket.toml"

    def configure(give_up, prefix=PREFIX):
        with open(config, "w") as file:
            file.write(f"""
[site]
trial = true
[legal_basis]
reference = "trial without people"
valid_from = 2026-01-01
valid_until = 2026-12-31
[lake]
at = "s3://{BUCKET}/{prefix}"
endpoint = "http://127.0.0.1:{line.port}"
access_key_id = "preventio"
secret_key_file = "secret"
give_up_seconds = {give_up}
""")

    configure(3)
    data = f"{folder}/in-bucket"
    export = f"{folder}/export"

    # The same decisions as with the lake in the data folder alone, from files that lie in the bucket.
    preventio("lake", "move", "--config", config, data=data)
    preventio("pull", "--from", export, data=data)
    wanted = json.load(open(f"{folder}/run.json"))["decisions_hash"]
    check("decisions with the lake in a bucket", runs(data), wanted)
    preventio("fsck", data=data)
    report = status(data)
    check("generation in the bucket", report["away"]["generation"], report["generation"])
    check("every request is signed", line.seen.count(b"AWS4-HMAC-SHA256 Credential=preventio/") > 5)
    check("the secret does not travel", SECRET.encode() in line.seen, False)
    check("the secret is not in the ledger", SECRET.encode() in open(f"{data}/ledger.sqlite", "rb").read(), False)
    check("nor in what is told", SECRET in json.dumps(report), False)

    # The local folder is a cache: deleted, it comes back.
    shutil.rmtree(f"{data}/lake")
    preventio("fsck", data=data)
    check("decisions after the folder was deleted", runs(data), wanted)
    other = restored(data)
    check("decisions of a restored ledger", runs(other), wanted)
    preventio("fsck", data=other)
    # The other one has gone on: this one notices before it commits anything.
    said = preventio("run", "--index-date", DAY, data=data, code=1).stderr
    check("two writers are noticed", "is at generation" in said and "hint: " in said)
    data = other

    # DuckDB reads a generation by its list.
    lists = keys("generations/")
    text = direct.get_object(Bucket=BUCKET, Key=lists[-1])["Body"].read().decode()
    listed = list(csv.DictReader(io.StringIO(text)))
    s3 = pyarrow.fs.S3FileSystem(
        endpoint_override=f"http://127.0.0.1:{server_port}", access_key="preventio", secret_key=SECRET, region="us-east-1"
    )
    tables = {}
    for table in ("facts", "register", "decisions"):
        files = [f"{BUCKET}/{PREFIX}/{line['file']}" for line in listed if line["table"] == table]
        tables[table] = pyarrow.dataset.dataset(files, filesystem=s3)
        rows = sum(int(line["rows"]) for line in listed if line["table"] == table)
        dataset = tables[table]
        check(f"rows of {table} by the list", duckdb.sql("select count(*) from dataset").fetchall()[0][0], rows)
    decisions = tables["decisions"]
    states = dict(duckdb.sql("select state, count(*) from decisions where run = 1 group by state").fetchall())
    run = json.load(open(f"{folder}/run.json"))
    told = {state.replace("known-diabetes", "known-disease"): n for state, n in run["states"].items() if n}
    check("states by DuckDB", states, told)
    days = {str(day) for (day,) in duckdb.sql("select distinct index_date from decisions").fetchall()}
    check("the day that decisions are as of", days, {DAY})

    # Cut in the middle, at many places: nothing is committed, and the next try goes on.
    more = f"{folder}/more"
    subprocess.run([program, "standin", "export", "--residents", "400", "--seed", "3", "--out", more], check=True, capture_output=True)
    before = status(data)
    pull = ["pull", "--from", more, "--source", "other"]
    lost = 0
    for after in (0, 1_000, 4_000, 8_000, 20_000, 40_000):
        line.cut(after)
        said = subprocess.run([program, *pull, "--data", data], capture_output=True, text=True)
        line.mend()
        if said.returncode == 0:
            break
        lost += 1
        check("a cut line is told", "lake: cannot" in said.stderr and "nothing was lost" in said.stderr)
        check("secret in what is told", SECRET in said.stderr, False)
        check("nothing was committed", status(data)["generation"], before["generation"])
    check("the line was cut in the middle", 3 <= lost)
    preventio("fsck", data=data)

    # Cut for a moment: tries go on.
    configure(60)
    preventio("lake", "move", "--config", config, data=data)
    line.cut(2_000)
    threading.Timer(1.5, line.mend).start()
    preventio(*pull, data=data)
    check("the pull arrived", status(data)["away"]["generation"] > before["away"]["generation"])
    undisturbed = f"{folder}/undisturbed"
    preventio("pull", "--from", export, data=undisturbed)
    preventio(*pull, data=undisturbed)
    first = runs(undisturbed)
    check("decisions after troubles", runs(data), first)
    preventio("fsck", data=data)

    # Compacted: few files, the same decisions; what is not named goes when asked for.
    report = json.loads(preventio("lake", "compact", "--collect", "--json", data=data).stdout)
    check("one file a table", [table["files"] for table in report["lake"]["tables"]], [1, 1, 1, 1])
    check("lists of two generations", len(keys("generations/")), 2)
    check("objects were removed", report["removed"] > 0)
    check("decisions of the compacted lake", runs(data), first)
    preventio("fsck", data=data)

    # Somebody else creates the list of the next generation in the very moment.
    def faster(piece):
        key = piece.split(b" ")[1].decode().removeprefix(f"/{BUCKET}/")
        direct.put_object(Bucket=BUCKET, Key=key, Body=b"somebody else's\n")

    line.before[f"PUT /{BUCKET}/{PREFIX}/generations/".encode()] = faster
    said = preventio("run", "--index-date", DAY, data=data, code=1).stderr
    check("the list of somebody else is not overwritten", "two data folders write to one place" in said)
    newest = keys("generations/")[-1]
    body = direct.get_object(Bucket=BUCKET, Key=newest)["Body"].read()
    check("the list is theirs", body, b"somebody else's\n")
    direct.delete_object(Bucket=BUCKET, Key=newest)
    preventio("fsck", data=data)

    # A wrong byte in the bucket.
    key = next(f"{PREFIX}/{line['file']}" for line in csv.DictReader(io.StringIO(
        direct.get_object(Bucket=BUCKET, Key=keys("generations/")[-1])["Body"].read().decode())) if line["table"] == "facts")
    good = direct.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    wrong = bytearray(good)
    wrong[len(wrong) // 2] ^= 1
    direct.put_object(Bucket=BUCKET, Key=key, Body=bytes(wrong))
    said = preventio("fsck", data=data, code=3).stdout
    check("a wrong byte is found", "has other content than when it was committed" in said)
    other = restored(data)
    said = preventio("run", "--index-date", DAY, data=other, code=1).stderr
    check("a wrong byte is not taken", "has other content" in said)
    direct.delete_object(Bucket=BUCKET, Key=key)
    preventio("lake", "move", "--config", config, data=data)
    check("it was sent again", direct.get_object(Bucket=BUCKET, Key=key)["Body"].read(), good)
    check("decisions from what was sent again", runs(other), first)

    # A file too large for one request goes in parts and comes in pieces.
    configure(60, "large")
    large = f"{folder}/large"
    subprocess.run([program, "standin", "export", "--residents", "25000", "--seed", "4", "--out", f"{folder}/many"], check=True, capture_output=True)
    preventio("lake", "move", "--config", config, data=large)
    preventio("pull", "--from", f"{folder}/many", data=large)
    pages = direct.list_objects_v2(Bucket=BUCKET, Prefix="large/objects/")["Contents"]
    parts = {entry["Key"]: entry["ETag"].strip('"').partition("-")[2] for entry in pages}
    check("one file went in two parts", sorted(parts.values()), ["", "", "2"])
    shutil.rmtree(f"{large}/lake")
    preventio("fsck", data=large)
finally:
    server.kill()
    server.wait()
print(f"{passed} passed, 0 failed")
