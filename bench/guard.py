"""Compares the tables of icount.py and clients.py, from stdin, with guard.txt; see guard.sh."""
import re, sys
from pathlib import Path

FILE, MOST, YARDSTICK = Path(__file__).with_name("guard.txt"), 1.02, "server hyper-tokio"

counted, kind = {}, None
for line in sys.stdin:
    print(line, end="", flush=True)
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if cells[0] in ("server", "client"):
        kind = cells[0]
    elif kind and not cells[0].startswith("-"):
        if not re.fullmatch(r"[\d,]+", cells[1]):
            sys.exit(f"{kind} {cells[0]} was not counted: {' '.join(cells[1:])}")
        counted[f"{kind} {cells[0]}"] = int(cells[1].replace(",", ""))

if sys.argv[1:] == ["--record"]:
    FILE.write_text("".join(f"{row} {count}\n" for row, count in counted.items()))
    sys.exit()
recorded = {row: int(count) for row, _, count in (line.rpartition(" ") for line in FILE.read_text().splitlines())}
missing = sorted(recorded.keys() - counted.keys())
if missing:
    sys.exit(f"not counted: {', '.join(missing)}")
# Where hyper costs less, ours need not.
elsewhere = max(1.0, counted[YARDSTICK] / recorded[YARDSTICK])
print(f"\n| instructions/request | recorded | counted | ÷ recorded | may be |\n|---|---|---|---|---|")
over = []
for row, count in recorded.items():
    ratio, most = counted[row] / count, MOST * elsewhere
    print(f"| {row} | {count:,} | {counted[row]:,} | {ratio:.3f} | {most:.3f} |")
    if row != YARDSTICK and ratio > most:
        over.append(row)
if over:
    sys.exit(f"over: {', '.join(over)}. If that is what it is worth, say why in the commit, with guard.sh --record")
