"""Every cell of the monitors' study, the quick ones first; hours on two cores. Goes on where it stopped.

python benchmarks/watch/run.py          # what is missing
python benchmarks/watch/table.py        # the tables of README.md
"""

from __future__ import annotations

from streams import CHANGES, KINDS, cell

#: Streams a cell: unchanged normal ones, other unchanged ones, changed, and of fifty columns.
NULL, OTHER, CHANGED, WIDE = 200, 100, 100, 40


def main() -> None:
    for n in (5000, 1000):
        for change in CHANGES:
            print(cell("delay", change, n, 10, CHANGED), flush=True)
    for n, ever in ((1000, True), (5000, False), (1000, False), (5000, True)):
        print(cell("null", "gauss", n, 10, NULL, ever=ever), flush=True)
    for ever in (True, False):
        for kind in KINDS[1:]:
            print(cell("null", kind, 1000, 10, OTHER, ever=ever), flush=True)
    for change in ("mean", "correlation", "dense"):
        print(cell("delay", change, 5000, 50, WIDE), flush=True)
    print(cell("null", "gauss", 1000, 50, WIDE, ever=True), flush=True)


if __name__ == "__main__":
    main()
