"""Made-up tables for `preventio evaluate`, from fixed seeds.

Usage: python3 make_evaluate_fixtures.py FOLDER
Uses nothing but Python's own Mersenne Twister, whose numbers are the same in every version.
Nobody in these tables exists.
"""

import csv
import math
import random
import sys
from pathlib import Path


def expit(x):
    return 1 / (1 + math.exp(-x))


def write(folder, name, header, rows):
    with open(folder / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def binary(seed, n, centre, spread, shift, slope, bend=0.0):
    """Log odds of prediction and truth: the model is off by a shift, a slope and a bend."""
    dice = random.Random(seed)
    for _ in range(n):
        x = dice.gauss(centre, spread)
        truth = expit(shift + slope * x + bend * (x - centre) ** 2)
        yield dice, expit(x), int(dice.random() < truth)


def ordinary(folder):
    rows = [
        [f"{p:.6f}", y, dice.choice(["north", "north", "south", "south", "south", "isle"]), ["f", "m"][dice.random() < 0.5]]
        for dice, p, y in binary(101, 600, -1.2, 1.1, 0.25, 0.8, 0.1)
    ]
    # A district too small to say anything about.
    seen = 0
    for row in rows:
        if row[2] == "isle":
            seen += 1
            if seen > 15:
                row[2] = "south"
    write(folder, "ordinary.csv", ["p", "y", "district", "sex"], rows)


def ties(folder):
    rows = [[f"{p:.1f}" if 0.05 <= p <= 0.95 else f"{p:.2f}", y] for _, p, y in binary(102, 400, -0.8, 1.0, 0.0, 1.0)]
    rows = [[p if float(p) > 0 else "0.01", y] for p, y in rows]
    write(folder, "ties.csv", ["p", "y"], rows)


def levels(folder):
    """People on levels of a table of points; what the last level really adds is twice what was published."""
    dice = random.Random(109)
    rows = []
    for _ in range(3000):
        a, b, c = dice.choice([0, 0, 1, 2]), dice.choice([0, 1]), dice.choice([0, 0, 0, 1, 2])
        on = [int(a == 1), int(a == 2), b, int(c == 1), int(c == 2)]
        x = -3.4 + 0.2 * sum(p * q for p, q in zip(on, [2, 3, 2, 3, 10]))
        drawn = dice.random() < 0.5
        rows.append([*on, int(dice.random() < expit(x)), "2.5" if drawn else "1.25"])
    write(folder, "levels.csv", ["a1", "a2", "b1", "c1", "c2", "y", "w"], rows)


def rare(folder):
    rows = [[f"{p:.6f}", y] for _, p, y in binary(103, 3000, -4.6, 0.9, -0.2, 1.0)]
    write(folder, "rare.csv", ["p", "y"], rows)


def weights(folder):
    """Sampled with probabilities that rise with the prediction, as when the flagged are verified."""
    rows = []
    for dice, p, y in binary(104, 2400, -1.5, 1.2, 0.1, 0.9):
        chance = 0.15 + 0.8 * p
        if dice.random() < chance:
            rows.append([f"{p:.6f}", y, f"{1 / chance:.4f}"])
    write(folder, "weights.csv", ["p", "y", "w"], rows)


def censored(folder):
    dice = random.Random(105)
    rows = []
    for _ in range(500):
        x = dice.gauss(-1.3, 1.0)
        p = expit(x)
        # Exponential with the predicted risk by year 10, a little too high.
        rate = -math.log(1 - p) / 10 * 0.85
        event, end = dice.expovariate(rate), min(dice.uniform(4, 16), 14.5)
        rows.append([f"{p:.6f}", f"{min(event, end):.1f}", int(event <= end)])
    write(folder, "censored.csv", ["p", "t", "y"], rows)


def competing(folder):
    dice = random.Random(106)
    rows = []
    for _ in range(700):
        x = dice.gauss(-1.3, 1.0)
        p = expit(x)
        event = dice.expovariate(-math.log(1 - p) / 10)
        death, end = dice.expovariate(0.03 * math.exp(0.3 * x + 0.4)), dice.uniform(3, 15)
        t = min(event, death, end)
        rows.append([f"{p:.6f}", f"{t:.3f}", int(t == event), int(t == death)])
    write(folder, "competing.csv", ["p", "t", "y", "c"], rows)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for make in (ordinary, ties, levels, rare, weights, censored, competing):
        make(target)
