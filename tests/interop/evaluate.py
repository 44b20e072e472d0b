"""The program's figures beside those of scikit-learn and numpy, on a fresh table of 50,000 rows.

Usage: python evaluate.py PROGRAM FOLDER
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, roc_auc_score

program, folder = sys.argv[1], Path(sys.argv[2])
dice = np.random.default_rng(31)
x = dice.normal(-2, 1.2, 50_000)
table = pd.DataFrame({"p": np.round(1 / (1 + np.exp(-x)), 4).clip(0.0001, 0.9999)})
table["y"] = (dice.random(len(x)) < 1 / (1 + np.exp(-(0.1 + 0.9 * x)))).astype(int)
table["w"] = np.round(dice.uniform(0.5, 3, len(x)), 3)
table["sex"] = pd.Categorical(np.where(dice.random(len(x)) < 0.5, "f", "m"))
table.to_csv(folder / "table.csv", index=False)
table.to_parquet(folder / "table.parquet", index=False)


def evaluate(file, *more):
    words = [program, "evaluate", str(folder / file), "--outcome", "y", "--prediction", "p", "--json", "--threshold", "0.2"]
    return json.loads(subprocess.run([*words, *more], check=True, capture_output=True).stdout)


def same(ours, theirs):
    assert abs(ours - theirs) <= 1e-9 * abs(theirs), (ours, theirs)


for more, weights in [((), None), (("--weight", "w"), table["w"])]:
    said = evaluate("table.csv", "--group", "sex", *more)
    assert said == evaluate("table.parquet", "--group", "sex", *more), "CSV and Parquet differ"
    assert (said["n"], said["events"]) == (len(table), table["y"].sum())
    same(said["auroc"]["estimate"], roc_auc_score(table["y"], table["p"], sample_weight=weights))
    same(said["brier"]["estimate"], brier_score_loss(table["y"], table["p"], sample_weight=weights))
    w = np.ones(len(table)) if weights is None else weights
    flagged = table["p"] >= 0.2
    same(said["thresholds"][0]["ppv"]["estimate"], np.average(table["y"][flagged], weights=w[flagged]))
    same(said["o_e"]["estimate"], np.average(table["y"], weights=w) / np.average(table["p"], weights=w))
    women = table["sex"] == "f"
    group = next(group for group in said["groups"] if group["group"] == "f")
    of_women = None if weights is None else weights[women]
    same(group["auroc"]["estimate"], roc_auc_score(table["y"][women], table["p"][women], sample_weight=of_women))
print("figures of 50,000 people equal those of scikit-learn, from CSV and from Parquet")
