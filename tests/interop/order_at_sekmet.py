"""Orders tests at a server that nobody here wrote, and takes its laboratory's answer back: sekmet-fhir.

The program pulls a resident at risk, decides, and sends ServiceRequests with a token of its own key; sekmet's laboratory
answers that for HbA1c a moment later. The next pull takes the result back, and the run knows it as that of the order. Then
the glucose, which sekmet's laboratory does not measure, is reported by another, and the round ends as both values say;
the HbA1c is sekmet's own choice and is looked at here.
The rules are the program's, but for one code: this laboratory knows HbA1c as LOINC 4548-4, so it is ordered as that.
What this cannot prove: that a hospital's laboratory behaves as sekmet's does.
"""

import datetime
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
import zoneinfo

from sekmet_server import Sekmet, coded, keys

program = sys.argv[1]
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ORDERS = "https://preventiojyraa.example.org/fhir/order"
HELSINKI = zoneinfo.ZoneInfo("Europe/Helsinki")
RULES = os.path.join(os.path.dirname(__file__), "..", "..", "rules")
# What sekmet's laboratory may take, in seconds.
PATIENCE = 60


def resident(today):
    """A transaction that creates a woman who scores above the level whatever is not known of her, and her group."""
    url = f"urn:uuid:{uuid.uuid4()}"
    subject = {"reference": url}
    patient = {"resourceType": "Patient", "gender": "female", "birthDate": "1955-06-06"}
    patient["name"] = [{"family": "Testi", "given": ["Henkilö"]}]
    entries = [(url, patient)]
    # Her age, body-mass index and waist, and a glucose that was once high, are 16 points.
    for code, value, unit, days in [
        ("39156-5", 33.0, "kg/m2", 30),
        ("8280-0", 101.0, "cm", 30),
        ("14771-0", 6.5, "mmol/L", 1200),
    ]:
        day = str(today - datetime.timedelta(days))
        measured = {"resourceType": "Observation", "status": "final", "subject": subject}
        measured |= {"code": coded(LOINC, code), "effectiveDateTime": day}
        measured["valueQuantity"] = {"value": value, "unit": unit, "system": UCUM, "code": unit}
        entries.append((f"urn:uuid:{uuid.uuid4()}", measured))
    group = {"resourceType": "Group", "type": "person", "actual": True, "name": "t2d", "member": [{"entity": subject}]}
    entries.append((f"urn:uuid:{uuid.uuid4()}", group))
    return {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for url, resource in entries
    ]}


def local_rules(folder):
    """The program's rules, with the code under which this laboratory knows HbA1c."""
    rules = f"{folder}/rules"
    shutil.copytree(RULES, rules)
    file = f"{rules}/orders/laboratory.toml"
    with open(file) as orders:
        shipped = orders.read()
    assert shipped.count("59261-8\"") == 1, "the rules order HbA1c as LOINC 59261-8"
    with open(file, "w") as orders:
        orders.write(shipped.replace("59261-8\"", "4548-4\""))
    return rules


def configuration(base, key, today):
    return f"""[site]
trial = true
today = {today}
[legal_basis]
reference = "trial without people"
valid_from = {today}
valid_until = {today + datetime.timedelta(300)}
[server.sekmet]
base = "{base}"
source = "export"
client_id = "engine"
key_file = "{key}"
requests_per_minute = 600
[channel.laboratory]
way = "service-request"
server = "sekmet"
"""


class Programme:
    def __init__(self, folder, server, key, group):
        self.server, self.key, self.group = server, key, group
        self.data, self.config, self.rules = f"{folder}/data", f"{folder}/preventio.toml", local_rules(folder)

    def does(self, *words):
        said = subprocess.run([program, *words, "--data", self.data, "--rules", self.rules], capture_output=True, text=True)
        if said.returncode != 0:
            sys.exit(f"{' '.join(words)}:\n{said.stdout}{said.stderr}")
        return said.stdout

    def is_on(self, today):
        with open(self.config, "w") as file:
            file.write(configuration(self.server.base, self.key, today))

    def pulls(self):
        words = ["pull", "--server", self.server.base, "--client-id", "engine", "--key", self.key]
        # sekmet lets nobody see the status of an export whose scope names types.
        return json.loads(self.does(*words, "--scope", "system/*.rs", "--group", self.group, "--json"))

    def acts(self):
        return json.loads(self.does("run", "--act", "--config", self.config, "--json"))

    def dispatches(self):
        return json.loads(self.does("dispatch", "--once", "--config", self.config, "--json"))

    def events(self):
        with sqlite3.connect(f"file:{self.data}/ledger.sqlite?mode=ro", uri=True) as ledger:
            return ledger.execute("select kind, detail, tests from episode_event order by id").fetchall()


def result_of(server, headers, order):
    """The final result of an order, when the laboratory has it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        page = server.asks("GET", f"{server.base}/Observation?based-on=ServiceRequest/{order['id']}", headers=headers)
        for entry in page.get("entry", []):
            if entry["resource"]["status"] == "final":
                return entry["resource"]
        time.sleep(0.2)
    sys.exit("sekmet's laboratory does not answer")


def answers(server, headers, order, value, unit):
    """Another laboratory answers an order that sekmet's does not know."""
    at = datetime.datetime.now(HELSINKI).isoformat(timespec="seconds")
    result = {"resourceType": "Observation", "status": "final", "subject": order["subject"]}
    result |= {"code": order["code"], "effectiveDateTime": at, "issued": at}
    result["basedOn"] = [{"reference": f"ServiceRequest/{order['id']}"}]
    result["valueQuantity"] = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    return server.asks("POST", f"{server.base}/Observation", json.dumps(result).encode(), headers)


def day_of(result):
    return datetime.datetime.fromisoformat(result["effectiveDateTime"]).astimezone(HELSINKI).date()


with tempfile.TemporaryDirectory() as folder:
    key, jwks = keys(program, folder, "ES384")
    engine = {"client_id": "engine", "jwks": jwks, "scopes": "system/*.cruds"}
    with Sekmet(folder, [engine]) as server:
        today = datetime.datetime.now(HELSINKI).date()
        token = server.token("engine", key, jwks["keys"][0]["kid"])
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        body = json.dumps(resident(today)).encode()
        created = server.asks("POST", server.base, body, headers)
        places = [entry["response"]["location"] for entry in created["entry"]]
        group = next(place for place in places if "Group/" in place).split("Group/")[1].split("/")[0]
        programme = Programme(folder, server, key, group)
        programme.is_on(today)
        programme.pulls()
        first = programme.acts()
        assert first["states"]["ordered"] == 1 and first["act"]["planned"] == 2, first
        sent = programme.dispatches()
        assert sent["outbox"] == {"acknowledged": 2}, sent

        found = server.asks("GET", f"{server.base}/ServiceRequest", headers=headers)
        orders = [entry["resource"] for entry in found["entry"]]
        assert len(orders) == 2 and all(order["identifier"][0]["system"] == ORDERS for order in orders), orders
        codes = {order["id"]: {coding["code"] for coding in order["code"]["coding"]} for order in orders}
        hba1c = next(order for order in orders if "4548-4" in codes[order["id"]])
        result = result_of(server, headers, hba1c)
        percent = result["valueQuantity"]["value"]

        programme.is_on(day_of(result))
        programme.pulls()
        second = programme.acts()
        received = [tests for kind, _, tests in programme.events() if kind == "result-received"]
        assert received == ["hba1c"], programme.events()
        # The rules' own limit: from 6.5 % a professional confirms; below, HbA1c alone decides nothing and glucose is waited for.
        state = "confirming" if percent >= 6.5 else "ordered"
        assert second["states"].get(state) == 1, (percent, second["states"])

        glucose = next(order for order in orders if "14771-0" in codes[order["id"]])
        result = answers(server, headers, glucose, 5.1, "mmol/L")
        programme.is_on(day_of(result))
        programme.pulls()
        third = programme.acts()
        end = "confirming" if percent >= 6.5 else "offered-prevention"
        assert third["states"].get(end) == 1, (percent, third["states"])
        seen = [detail for kind, detail, _ in programme.events() if kind == "result-seen"]
        assert seen == ["disease-range" if percent >= 6.5 else "impaired"], programme.events()
        again = programme.acts()
        assert again["states"].get(end) == 1 and again["act"]["planned"] == 0 and again["act"]["events"] == 0, again
        print(f"an order went to sekmet; its HbA1c of {percent} % came back: `{state}`, and with a normal glucose `{end}`")
