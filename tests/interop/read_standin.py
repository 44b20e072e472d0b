"""Asks the stand-in's server as code that nobody here wrote asks: fhir.resources and sekmet-fhir.

Every resource and Bundle that the server gives must be valid FHIR by fhir.resources (R4B models);
sekmet's own bulk client must get a token by ES384 and by RS384, export a group and find every line valid.
What this cannot prove: that the meaning of a code is understood alike.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

program = sys.argv[1]
# sekmet's command line is installed beside the Python that runs this.
sekmet = os.path.join(os.path.dirname(sys.executable), "sekmet")


class Server:
    def __init__(self, *words):
        command = [program, "standin", "serve", "--residents", "300", "--listen", "127.0.0.1:0", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.origin = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def asks(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.origin + path, data, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return json.loads(refusal.read())


def valid(resource):
    kind = resource["resourceType"]
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    getattr(module, kind).model_validate(resource)


def coded(*codes):
    return {"coding": [{"system": "urn:oid:1.2.246.537.6.3", "code": code} for code in codes]}


def requests(profile, patient):
    """What an engine may write about somebody, by what the server declares."""
    subject = {"reference": patient}
    if profile == "open":
        order = {"resourceType": "ServiceRequest", "status": "active", "intent": "order"}
        yield order | {"subject": subject, "code": coded("6128", "1468", "20271")}
        task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": subject}
        yield task | {"focus": {"reference": "Questionnaire/portal"}}
        return
    message = {"resourceType": "Communication", "status": "completed", "subject": subject}
    yield message | {"reasonCode": [coded("6128", "1468")]}
    form = {"resourceType": "Questionnaire", "id": "form", "status": "active"}
    form["item"] = [{"linkId": "vyotaro", "type": "decimal"}]
    yield message | {"contained": [form], "payload": [{"contentReference": {"reference": "#form"}}]}


def a_year_of(profile):
    seen = []
    with Server("--no-auth", "--profile", profile, "--start", "2026-01-15") as server:
        seen += [server.asks("GET", f"/fhir/{path}") for path in ("metadata", "Group", "Spaceship")]
        group = server.asks("GET", "/fhir/Group/helsinki-1")
        patients = [member["entity"]["reference"] for member in group["member"]][:150]
        for patient in patients:
            for resource in requests(profile, patient):
                seen.append(server.asks("POST", f"/fhir/{resource['resourceType']}", resource))
        server.asks("POST", "/_control/advance", {"days": 365})
        kinds = [resource["type"] for resource in seen[0]["rest"][0]["resource"]]
        for patient in patients:
            seen.append(server.asks("GET", f"/fhir/{patient}"))
            for kind in kinds:
                if kind not in ("Patient", "Group", "Questionnaire"):
                    seen.append(server.asks("GET", f"/fhir/{kind}?patient={patient}&_count=1000"))
        happened = server.asks("GET", "/_control/world")
    for resource in seen:
        valid(resource)
    assert happened["answered"] and happened["results"], happened
    print(f"{profile}: {len(seen)} answers are valid by fhir.resources; {happened}")


def an_export_by_sekmet(algorithm, folder):
    keys = f"{folder}/{algorithm}"
    command = [program, "standin", "client-key", "--out", keys, "--algorithm", algorithm.lower()]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(f"{keys}/jwks.json") as file:
        kid = json.load(file)["keys"][0]["kid"]
    with Server("--client", f"engine={keys}/jwks.json") as server:
        auth = {"type": "smart", "client_id": "engine", "kid": kid, "alg": algorithm}
        auth |= {"private_key_path": f"{keys}/private.pem", "scope": "system/*.rs"}
        peers = {"standin": {"base_url": f"{server.origin}/fhir", "auth": auth}}
        # JSON is YAML.
        with open(f"{folder}/settings.yaml", "w") as file:
            json.dump({"base_url": "http://127.0.0.1:9/fhir", "peers": peers}, file)
        command = [sekmet, "bulk", "export", "-p", "standin", "--level", "group", "--group", "helsinki"]
        command += ["--type", "Patient,Observation,Condition,Consent,QuestionnaireResponse"]
        command += ["-c", f"{folder}/settings.yaml"]
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if said.returncode != 0 or "VALID" not in said.stdout.split() or "invalid=0" not in said.stdout:
        sys.exit(f"sekmet could not export with {algorithm}:\n{said.stdout}{said.stderr}")
    print(f"{algorithm}: sekmet got a token and found every line of the export valid")


for profile in ("open", "apotti"):
    a_year_of(profile)
with tempfile.TemporaryDirectory() as folder:
    for algorithm in ("ES384", "RS384"):
        an_export_by_sekmet(algorithm, folder)
