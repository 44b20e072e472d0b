"""Pulls a group over the network from a server that nobody here wrote: sekmet-fhir.

The program gets a token by ES384 and by RS384, asks for the export of a group, fetches its files and
stores facts; then it reads the same group resident by resident; the facts are read with DuckDB.
sekmet refuses an assertion that comes twice, lives too long or is for somebody else, so each token says
that ours is none of these. What this cannot prove: that a hospital's server
behaves as sekmet does.
"""

import json
import subprocess
import sys
import tempfile
import uuid

import duckdb

from sekmet_server import Sekmet, coded, keys

program = sys.argv[1]
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


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


def pulls(server, client, pem, group, data, *more):
    command = [program, "pull", "--server", server.base, "--client-id", client, "--key", pem]
    # sekmet lets nobody see the status of an export whose scope names types.
    command += ["--scope", "system/*.rs", "--group", group, "--data", data, "--json", *more]
    said = subprocess.run(command, capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"the group could not be pulled by {client}:\n{said.stderr}")
    return json.loads(said.stdout)


with tempfile.TemporaryDirectory() as folder:
    signers = {algorithm: keys(program, folder, algorithm) for algorithm in ("ES384", "RS384")}
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
            # The same, resident by resident: what came by the one way is known by the other.
            crawled = pulls(server, algorithm.lower(), pem, group, f"{data}-crawl", "--by", "crawl")
            # What sekmet cannot search is said to be missing, not taken for nothing.
            network = crawled["network"]
            not_there = ["FamilyMemberHistory", "QuestionnaireResponse"]
            assert network["way"] == "crawl" and network["incomplete"] == not_there, crawled
            facts = f"read_parquet('{data}-crawl/lake/current/facts/*.parquet')"
            assert duckdb.sql(f"select value, unit from {facts} order by value").fetchall() == found
            there = ",".join(kind for kind in network["types"] if kind not in not_there)
            either = pulls(server, algorithm.lower(), pem, group, data, "--by", "crawl", "--types", there)
            assert either["is_complete"] and either["facts"] == 0, either
            print(f"{algorithm}: a group was pulled from sekmet; again, and nothing was stored twice")
