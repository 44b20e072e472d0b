"""Pulls a group over the network from a server that nobody here wrote: sekmet-fhir.

The program gets a token by ES384 and by RS384, asks for the export of a group, fetches its files and
stores facts; the facts are then read with DuckDB. What this cannot prove: that a hospital's server
behaves as sekmet does.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import duckdb
import jwt

program = sys.argv[1]
# sekmet's command line is installed beside the Python that runs this.
sekmet = os.path.join(os.path.dirname(sys.executable), "sekmet")
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def keys(folder, algorithm):
    place = f"{folder}/{algorithm}"
    command = [program, "standin", "client-key", "--out", place, "--algorithm", algorithm.lower()]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(f"{place}/jwks.json") as file:
        return f"{place}/private.pem", json.load(file)


class Sekmet:
    def __init__(self, folder, clients):
        self.base = f"http://127.0.0.1:{free_port()}/fhir"
        auth = {"types": ["smart"], "token_lifetime": 60, "smart_clients": clients}
        settings = {"base_url": self.base, "server_auth": auth}
        # JSON is YAML.
        with open(f"{folder}/settings.yaml", "w") as file:
            json.dump(settings, file)
        port = str(urllib.parse.urlsplit(self.base).port)
        command = [sekmet, "serve", "--host", "127.0.0.1", "--port", port]
        environment = os.environ | {"SEKMET_CONFIG": f"{folder}/settings.yaml"}
        self.log = open(f"{folder}/sekmet.log", "w")
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=self.log, stderr=self.log
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.asks("GET", f"{self.base}/metadata")
                return
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def asks(self, method, url, body=None, headers=None):
        request = urllib.request.Request(url, body, headers or {}, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def token(self, client, pem, kid):
        known = self.asks("GET", f"{self.base}/.well-known/smart-configuration")
        claims = {"iss": client, "sub": client, "aud": known["token_endpoint"]}
        claims |= {"exp": int(time.time()) + 200, "jti": str(uuid.uuid4())}
        with open(pem) as file:
            assertion = jwt.encode(claims, file.read(), "ES384", {"kid": kid})
        form = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form["client_assertion"] = assertion
        body = urllib.parse.urlencode(form).encode()
        return self.asks("POST", known["token_endpoint"], body)["access_token"]


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def residents():
    """A transaction that creates three residents, what is known of them, and their group."""
    entries, members = [], []
    for n, (gender, born, value) in enumerate([("female", "1961-04-30", 52.0), ("male", "1955-01-01", 41.0), ("female", "1985-05-05", 35.0)]):
        url = f"urn:uuid:{uuid.uuid4()}"
        patient = {"resourceType": "Patient", "gender": gender, "birthDate": born}
        patient["name"] = [{"family": "Testi", "given": [f"Henkilö {n}"]}]
        subject = {"reference": url}
        members.append({"entity": subject})
        entries.append((url, patient))
        result = {"resourceType": "Observation", "status": "final", "subject": subject}
        result |= {"code": coded(LOINC, "59261-8"), "effectiveDateTime": "2025-10-01T08:00:00+03:00"}
        result["valueQuantity"] = {"value": value, "unit": "mmol/mol", "system": UCUM, "code": "mmol/mol"}
        entries.append((f"urn:uuid:{uuid.uuid4()}", result))
    group = {"resourceType": "Group", "type": "person", "actual": True, "name": "t2d", "member": members}
    entries.append((f"urn:uuid:{uuid.uuid4()}", group))
    return {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for url, resource in entries
    ]}


def pulls(server, client, pem, group, data):
    command = [program, "pull", "--server", server.base, "--client-id", client, "--key", pem]
    # sekmet lets nobody see the status of an export whose scope names types.
    command += ["--scope", "system/*.rs", "--group", group, "--data", data, "--json"]
    said = subprocess.run(command, capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"the group could not be pulled by {client}:\n{said.stderr}")
    return json.loads(said.stdout)


with tempfile.TemporaryDirectory() as folder:
    signers = {algorithm: keys(folder, algorithm) for algorithm in ("ES384", "RS384")}
    loader = {"client_id": "loader", "jwks": signers["ES384"][1], "scopes": "system/*.cruds"}
    clients = [loader] + [
        {"client_id": algorithm.lower(), "jwks": jwks, "scopes": "system/*.rs"}
        for algorithm, (_, jwks) in signers.items()
    ]
    with Sekmet(folder, clients) as server:
        pem, jwks = signers["ES384"]
        token = server.token("loader", pem, jwks["keys"][0]["kid"])
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        body = json.dumps(residents()).encode()
        created = server.asks("POST", server.base, body, headers)
        places = [entry["response"]["location"] for entry in created["entry"]]
        group = next(place for place in places if "Group/" in place).split("Group/")[1].split("/")[0]
        for algorithm, (pem, _) in signers.items():
            data = f"{folder}/data-{algorithm}"
            first = pulls(server, algorithm.lower(), pem, group, data)
            again = pulls(server, algorithm.lower(), pem, group, data)
            assert first["is_complete"] and first["residents"] == 3, first
            assert again["facts"] == 0 and again["lines"]["unchanged"] == 6, again
            facts = f"read_parquet('{data}/lake/current/facts/*.parquet')"
            found = duckdb.sql(f"select value, unit from {facts} order by value").fetchall()
            assert found == [(35.0, "mmol/mol"), (41.0, "mmol/mol"), (52.0, "mmol/mol")], found
            print(f"{algorithm}: a group was pulled from sekmet; again, and nothing was stored twice")
