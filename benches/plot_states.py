"""Plots where a run puts residents, by age: reads the lake of a data folder, writes an SVG.

Usage: python3 benches/plot_states.py DATA INDEX_DATE OUT.svg   (needs duckdb and matplotlib)
"""

import sys

import duckdb
import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "preventiojyraa"
import matplotlib.pyplot as plt

data, index_date, out = sys.argv[1:]
lake = f"{data}/lake/current"
rows = duckdb.sql(
    f"""
    select (date_diff('year', birth_to, date '{index_date}') // 10) * 10 as decade, state, count(*) as n
    from read_parquet('{lake}/decisions/*.parquet') as d
    join read_parquet('{lake}/register/*.parquet') as r using (resident)
    where birth_to is not null and score_low is not null and state <> 'outside-age'
    group by all order by all
    """
).fetchall()
order = ["known-disease", "confirming", "under-review", "ordered", "offered-prevention", "asked", "below-level", "concluded"]
colours = ["#7f2704", "#d94801", "#fd8d3c", "#08519c", "#3182bd", "#9ecae1", "#c7e9c0", "#74c476"]
decades = [decade for decade in sorted({row[0] for row in rows}) if 20 <= decade < 90]
total = {decade: sum(n for d, s, n in rows if d == decade and s in order) for decade in decades}
fig, axes = plt.subplots(figsize=(8, 4))
bottom = [0.0] * len(decades)
for state, colour in zip(order, colours):
    share = [100 * sum(n for d, s, n in rows if d == decade and s == state) / total[decade] for decade in decades]
    axes.bar([f"{d}–{d + 9}" for d in decades], share, bottom=bottom, color=colour, label=state, width=0.8)
    bottom = [a + b for a, b in zip(bottom, share)]
axes.set_ylabel("% of living residents in the area")
axes.set_xlabel(f"age on {index_date}")
axes.set_ylim(0, 100)
axes.legend(bbox_to_anchor=(1.01, 1), loc="upper left", frameon=False)
for side in ("top", "right"):
    axes.spines[side].set_visible(False)
fig.tight_layout()
fig.savefig(out, metadata={"Date": None, "Creator": None})
