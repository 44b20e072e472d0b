"""Orders a test at a server that nobody here wrote, and takes its laboratory's answer back: sekmet-fhir.

The program pulls a resident at risk, decides, and sends ServiceRequests with a token of its own key; sekmet's laboratory
answers one of them with an Observation a moment later. The next pull takes it back, the run knows it as the result of the
order, and the round goes on as its value says: the value is sekmet's own choice and is looked at here.
The rules are the program's, but for one number: this laboratory knows HbA1c as LOINC 4548-4, so it is ordered as that.
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
FORM = "https://maisa.example.org/fhir/Questionnaire/t2d-riskitesti"
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
    day = str(today - datetime.timedelta(30))
    for code, value, unit in [("39156-5", 33.0, "kg/m2"), ("8280-0", 101.0, "cm")]:
        measured = {"resourceType": "Observation", "status": "final", "subject": subject}
        measured |= {"code": coded(LOINC, code), "effectiveDateTime": day}
        measured["valueQuantity"] = {"value": value, "unit": unit, "system": UCUM, "code": unit}
        entries.append((f"urn:uuid:{uuid.uuid4()}", measured))
    answers = {"liikunta": "ei", "kasvikset": "ei-paivittain", "verenpainelaake": "kylla", "suku": "lahi"}
    items = [{"linkId": link, "answer": [{"valueCoding": {"code": code}}]} for link, code in answers.items()]
    response = {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": FORM}
    response |= {"subject": subject, "authored": day, "item": items}
    entries.append((f"urn:uuid:{uuid.uuid4()}", response))
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


def expected(percent):
    """Where her round goes by her HbA1c, in the rules' own limits: 48 mmol/mol is the range of diabetes."""
    # The master equation of NGSP and IFCC.
    return "confirming" if (percent - 2.152) / 0.09148 >= 47.5 else "offered-prevention"


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

        at = datetime.datetime.fromisoformat(result["effectiveDateTime"])
        programme.is_on(at.astimezone(HELSINKI).date())
        programme.pulls()
        second = programme.acts()
        state = expected(percent)
        assert second["states"].get(state) == 1, (percent, second["states"])
        events = programme.events()
        received = [tests for kind, _, tests in events if kind == "result-received"]
        assert received == ["hba1c"], events
        assert any(kind == "result-seen" for kind, _, _ in events), events
        again = programme.acts()
        assert again["states"].get(state) == 1 and again["act"]["planned"] == 0, again
        print(f"an order went to sekmet; its result of {percent} % came back, and she is in `{state}`")
