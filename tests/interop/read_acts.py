"""Lets a made-up city be screened for a year, and reads everything that was sent as code that nobody here wrote.

Every act of the program at the stand-in's server (Communication, Task, ServiceRequest, and the Questionnaire inside) must be
valid FHIR by fhir.resources (R4B models), and every kind of act must have been seen, in each way; so must the MeasureReport
of a year later be.
What this cannot prove: that a receiver acts on it.
"""

import collections
import datetime
import importlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request

program = sys.argv[1]
ORDERS = "https://preventiojyraa.example.org/fhir/order"
START = datetime.date(2025, 1, 15)
CITY = ["--residents", "400", "--seed", "9", "--as-of", str(START)]


def runs(*words):
    said = subprocess.run([program, *words], capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"{' '.join(words)}:\n{said.stdout}{said.stderr}")
    return json.loads(said.stdout)


class City:
    def __init__(self, profile):
        command = [program, "standin", "serve", "--no-auth", "--profile", profile, "--start", str(START)]
        command += ["--listen", "127.0.0.1:0", *CITY]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.origin = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def residents(self):
        """Everybody's Patient.id; a group on an operational server does not list its members."""
        with urllib.request.urlopen(self.origin + "/_control/truth") as answer:
            rows = answer.read().decode().splitlines()[1:]
        return [row.split(",")[0] for row in rows]

    def asks(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.origin + path, data, method=method)) as answer:
            return json.loads(answer.read())


def configuration(origin, today):
    channels = "".join(
        f'[channel.{kind}]\nway = "declared"\nserver = "city"\n'
        + ('to = ["PractitionerRole/nurses"]\n' if kind in ("laboratory", "professional") else "")
        for kind in ("questionnaire", "laboratory", "message", "professional")
    )
    return f"""[site]
trial = true
today = {today}
[legal_basis]
reference = "trial without people"
valid_from = 2025-01-01
valid_until = 2026-12-31
[server.city]
base = "{origin}/fhir"
source = "export"
requests_per_minute = 60000
{channels}"""


def valid(resource):
    kind = resource["resourceType"]
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    getattr(module, kind).model_validate(resource)
    for inner in resource.get("contained", []):
        valid(inner)


def act(resource):
    """What it is, as far as its own words tell."""
    kind = resource["resourceType"]
    if resource.get("contained"):
        return f"{kind} with questions"
    if kind == "Communication":
        reader = resource["recipient"][0]["reference"].split("/")[0]
        asks = " with a test" if "reasonCode" in resource else ""
        return f"{kind} to {reader}{asks}"
    return kind


def measure_report(folder, later):
    """The shares that the MeasureReport tells once the horizon of the first decisions is over."""
    config, path = f"{folder}/later.toml", f"{folder}/measure.json"
    with open(config, "w") as file:
        file.write(later)
    runs("report", "--data", f"{folder}/data", "--config", config, "--measure-report", path, "--json")
    with open(path) as file:
        resource = json.load(file)
    valid(resource)
    return [group for group in resource["group"] if "measureScore" in group]


def a_year_of(profile):
    seen = collections.Counter()
    with City(profile) as city, tempfile.TemporaryDirectory() as folder:
        data, config = f"{folder}/data", f"{folder}/preventio.toml"
        today = START
        for days in (0, 30, 30, 30, 30, 60, 60, 60):
            if days:
                city.asks("POST", "/_control/advance", {"days": days})
                today += datetime.timedelta(days)
            with open(config, "w") as file:
                file.write(configuration(city.origin, today))
            server = ["--server", f"{city.origin}/fhir", "--group", "helsinki"]
            runs("pull", *server, "--data", data, "--json")
            runs("run", "--act", "--data", data, "--config", config, "--json")
            runs("dispatch", "--once", "--data", data, "--config", config, "--json")
        runs("reconcile", "--data", data, "--config", config, "--json")
        measured = measure_report(folder, configuration(city.origin, today + datetime.timedelta(120)))
        for patient in city.residents():
            for kind in ("Communication", "Task", "ServiceRequest"):
                page = city.asks("GET", f"/fhir/{kind}?patient={patient}&_count=1000")
                for entry in page.get("entry", []):
                    resource = entry["resource"]
                    is_ours = any(name["system"] == ORDERS for name in resource.get("identifier", []))
                    # What a professional ordered on request carries our number and is theirs.
                    if is_ours and "supportingInfo" not in resource:
                        valid(resource)
                        seen[act(resource)] += 1
    wanted = {
        "open": {"ServiceRequest", "Task with questions", "Communication to Patient", "Task"},
        "apotti": {
            "Communication to PractitionerRole with a test",
            "Communication with questions",
            "Communication to Patient",
            "Communication to PractitionerRole",
        },
    }[profile]
    if not wanted <= set(seen):
        sys.exit(f"{profile}: nothing of {wanted - set(seen)} was sent, only {dict(seen)}")
    print(f"{profile}: the MeasureReport is valid by fhir.resources, {len(measured)} shares")
    print(f"{profile}: {sum(seen.values())} acts are valid by fhir.resources; {dict(seen)}")
    return measured


# Small numbers are not told, so that one of the two may tell nothing.
if not any([a_year_of(profile) for profile in ("open", "apotti")]):
    sys.exit("no MeasureReport tells a share")
