"""Reference values for `preventio evaluate` from other people's programs on PyPI.

Usage: python reference_evaluate.py fixtures/evaluate > fixtures/reference/evaluate-python.tsv
Needs: pip install scikit-learn statsmodels dcurves lifelines scikit-survival pyarrow
Writes fixtures/evaluate/ordinary.parquet too: the table of ordinary.csv as pandas writes it, with categories.
"""

import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import dcurves
import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sksurv.metrics import brier_score, cumulative_dynamic_auc
from sksurv.util import Surv

warnings.filterwarnings("ignore")
folder = Path(sys.argv[1])
packages = ["scikit-learn", "statsmodels", "dcurves", "lifelines", "scikit-survival", "numpy", "pandas"]
print("# python tests/interop/reference_evaluate.py fixtures/evaluate")
print("# Python", sys.version.split()[0], ", ".join(f"{name} {version(name)}" for name in packages))
print("table\tmeasure\tvalue")


def say(table, measure, value):
    print(table, measure, repr(float(value)), sep="\t")


def read(name):
    return pd.read_csv(folder / f"{name}.csv")


for name in ["ordinary", "ties", "rare", "weights"]:
    d = read(name)
    w = d["w"] if "w" in d else None
    say(name, "sklearn auroc", roc_auc_score(d.y, d.p, sample_weight=w))
    say(name, "sklearn brier", brier_score_loss(d.y, d.p, sample_weight=w))
    iso = IsotonicRegression().fit(d.p, d.y, sample_weight=w)
    for p in [0.05, 0.1, 0.2, 0.3, 0.5]:
        # A value in the table, so that no interpolation enters.
        at = d.p.iloc[(d.p - p).abs().argmin()]
        say(name, f"sklearn isotonic at {float(at)!r}", iso.predict([at])[0])
    lp = np.log(d.p / (1 - d.p))
    family = sm.families.Binomial()
    weights = {} if w is None else {"freq_weights": w}
    large = sm.GLM(d.y, np.ones(len(d)), family=family, offset=lp, **weights).fit(tol=1e-15, maxiter=100)
    say(name, "statsmodels calibration_in_the_large", large.params.iloc[0])
    slope = sm.GLM(d.y, sm.add_constant(lp), family=family, **weights).fit(tol=1e-15, maxiter=100)
    say(name, "statsmodels slope", slope.params.iloc[1])

for name in ["ordinary", "ties", "rare"]:
    d = read(name)
    curve = dcurves.dca(data=d, outcome="y", modelnames=["p"], thresholds=[0.1, 0.3])
    for t in [0.1, 0.3]:
        at = curve[np.isclose(curve.threshold, t)].set_index("model")
        say(name, f"dcurves {t} model", at.loc["p", "net_benefit"])
        say(name, f"dcurves {t} all", at.loc["all", "net_benefit"])

d = read("censored")
km = KaplanMeierFitter().fit(d.t, d.y)
say("censored", "lifelines observed", 1 - km.predict(9.95))
s = Surv.from_arrays(d.y == 1, d.t)
say("censored", "sksurv brier", brier_score(s, s, (1 - d.p).to_numpy()[:, None], [9.95])[1][0])
say("censored", "sksurv auroc", cumulative_dynamic_auc(s, s, d.p.to_numpy(), [9.95])[0][0])
d = read("competing")
aj = AalenJohansenFitter(jitter_level=0).fit(d.t, np.where(d.y == 1, 1, np.where(d.c == 1, 2, 0)), event_of_interest=1)
say("competing", "lifelines observed", aj.predict(10))

d = read("ordinary")
d["district"] = d["district"].astype("category")
d["y"] = d["y"].astype(bool)
d.to_parquet(folder / "ordinary.parquet", index=False)
