#!/usr/bin/env python3
"""Takes a plot out of a demonstration's report, as an SVG file of its own.

Usage: benches/plot_demo.py REPORT.html ID OUT.svg     (ID: funnel, truth-before, truth-after)
"""

import re
import sys

report, name, out = sys.argv[1:]
text = open(report, encoding="utf-8").read()
style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
plot = next(plot for plot in re.findall(r"<svg .*?</svg>", text, re.S) if f'id="{name}-title"' in plot)
rules = [line for line in style.splitlines() if re.match(r"\s*(svg text|\.)", line)]
box = re.search(r'viewBox="0 0 (\S+) (\S+)"', plot)
background = f'<rect width="{box[1]}" height="{box[2]}" fill="#fff"/>'
head, rest = plot.split(">", 1)
head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
rules = "\n".join(rules).replace("svg text", "text")
with open(out, "w", encoding="utf-8") as file:
    file.write(f"{head}>\n<style>\n{rules}\n</style>\n{background}{rest}\n")
