"""Reads the lake with DuckDB and with pandas, recomputes what the program reported, and compares.

The decisions hash is recomputed here from the columns that DuckDB returns, so a foreign reader
can prove that it sees the decisions the program committed.
"""

import glob
import hashlib
import json
import os
import sys

import duckdb
import pandas as pd

folder = sys.argv[1]
lake = f"{folder}/data/lake/current"
run = json.load(open(f"{folder}/run.json"))
pull = json.load(open(f"{folder}/pull.json"))
passed = 0


def check(what, seen, expected):
    global passed
    if seen != expected:
        sys.exit(f"{what}: the foreign reader sees {seen!r}, the program reported {expected!r}")
    passed += 1


con = duckdb.connect()


def rows(query):
    return con.sql(query).fetchall()


def table(name):
    return f"read_parquet('{lake}/{name}/*.parquet')"


# DuckDB: counts and states.
check("facts", rows(f"select count(*) from {table('facts')}")[0][0], pull["facts"])
check("register", rows(f"select count(distinct resident) from {table('register')}")[0][0], run["register"])
states = dict(rows(f"select state, count(*) from {table('decisions')} group by state"))
# A report has the programme's word for those who have its disease; the lake has one name for all programmes.
told = {state.replace("known-diabetes", "known-disease"): n for state, n in run["states"].items() if n}
check("states", states, told)
issues = dict(rows(f"select code, count(*) from {table('issues')} group by code"))
check("issues", issues, run["issues"])
check("one decision a resident", rows(f"select count(*), count(distinct resident) from {table('decisions')}")[0], (run["register"], run["register"]))

# DuckDB: the hash, from columns.
digest = hashlib.sha256()
columns = "state, decided_by, next, score_low, score_high, probability_low_e9, probability_high_e9, items, asks, reviews, reasons"
for resident, *rest in rows(f"select lower(hex(resident)), {columns} from {table('decisions')} where run = {run['run']} order by resident"):
    fields = [resident] + ["" if value is None else str(value) for value in rest]
    digest.update(("\x1f".join(fields) + "\x1e").encode())
check("decisions hash", digest.hexdigest(), run["decisions_hash"])

# DuckDB: what the rules promise, asked in SQL. HbA1c in the range of diabetes, in the unit received.
high = {
    resident
    for (resident,) in rows(
        f"""select distinct lower(hex(resident)) from {table('facts')}
            where fact = 'hba1c' and comparator is null
              and ((unit = 'mmol/mol' and value >= 48) or (unit = '%' and value >= 6.5))"""
    )
}
below = {resident for (resident,) in rows(f"select lower(hex(resident)) from {table('decisions')} where state = 'below-level'")}
check("nobody below the level has a diabetic-range HbA1c", sorted(high & below), [])
check("there are such results at all", len(high) > 0, True)

# pandas: types and the same counts.
facts = pd.concat(pd.read_parquet(path) for path in sorted(glob.glob(f"{lake}/facts/*.parquet")))
check("pandas facts", len(facts), pull["facts"])
check("resident is sixteen bytes", set(facts["resident"].map(len)), {16})
check("effective is a date", type(facts["effective"].iloc[0]).__name__, "date")
check("every quantity has a unit", int(facts.loc[facts["value"].notna(), "unit"].isna().sum()), 0)
decisions = pd.concat(pd.read_parquet(path) for path in sorted(glob.glob(f"{lake}/decisions/*.parquet")))
check("pandas states", decisions["state"].value_counts().to_dict(), states)
check("low is at most high", bool((decisions["score_low"] <= decisions["score_high"]).loc[decisions["score_low"].notna()].all()), True)

# No district of a resident under a safety non-disclosure: the mark is read from the export itself.
marked = set()
with open(f"{folder}/export/Patient.ndjson") as patients:
    for line in patients:
        if '"TURVAKIELTO"' in line:
            marked.add(json.loads(line)["id"])
check("the export marks somebody", len(marked) > 0, True)
register = pd.concat(pd.read_parquet(path) for path in sorted(glob.glob(f"{lake}/register/*.parquet")))
import sqlite3

ledger = sqlite3.connect(f"file:{folder}/data/ledger.sqlite?mode=ro", uri=True)
hidden = {row[0] for row in ledger.execute("select resident from identity where non_disclosure = 1")}
check("the ledger knows the marked", len(hidden), len(marked))
check("their district is null", int(register.loc[register["resident"].isin(hidden), "district"].notna().sum()), 0)

# Whole generations only: every file a reader can see is one the ledger names.
named = {row[0] for row in ledger.execute("select sha256 from lake_file")}
visible = {os.path.basename(path).removesuffix(".parquet") for path in glob.glob(f"{lake}/*/*.parquet")}
check("visible files are committed files", sorted(visible - named), [])
print(f"{passed} passed, 0 failed")
