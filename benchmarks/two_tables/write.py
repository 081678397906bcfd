"""Write this folder's README from the results: python benchmarks/two_tables/write.py"""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import many_levels
from again_log import looked_at
from stored import Results
from table import missing, peers, table

TEXT = """# Two tables: levels, power, columns, rows, accuracy, minimum effect

Scenarios are defined in [scenarios.py](scenarios.py), cells and their bars in [cells.py](cells.py); each cell has seeds
of its own. One record of an entry of `results.parquet` is one replicate.

```
python benchmarks/two_tables/run.py                    # what is still missing; --shard i/k, --only PATTERN
python benchmarks/two_tables/run.py --again 5          # cells of earlier code: do five seeds give the same records?
python benchmarks/two_tables/run.py --table            # the tables below
python benchmarks/two_tables/write.py                  # this page
python benchmarks/stored.py collect two_tables         # what was measured into results.parquet
```

alpha .05; n rows in each table, d columns, mixed unless `gauss`. "changed" is the verdict at its share of alpha,
"alarm" any alarm of the headline or of any exit code. A level may exceed .05 by three standard errors in a cell; pooled
it may not exceed .055. Other bars allow for no error: one of two hundred replicates can decide.

* *Dependence*: "withdrawn" is how often the guarantee is; cells `rows_*` run the tests of dependence alone
  ([dependent_rows.py](dependent_rows.py)).
* *Profiles without rows*: two profiles without rows, named by the rows of both.
* *Rows that repeat*: tables of one law whose rows repeat by nature or were copied ([repeats.py](repeats.py)): "margins"
  is that family at .05 on the rows that take part; `moved` cells are power, and the last two are limits that
  `docs/guarantees.md` states.
* *The share outside* ([share.py](share.py)): nothing foreign, a tenth in a cluster, one column shifted by .8 standard
  deviations (foreign as a whole, so that any bound covers it). "covered": the lower bound of 95 % lies at or below the
  foreign share of the law; "below_named": the share is less than that of the rows named; "spread": largest less
  smallest share of one pair of tables over ten seeds of the method.
* *Within strata*: a winter and a summer compared with `--given` ([strata.py](strata.py)); `ignored`: without.
* *Embeddings*: an embedding tested alone ([embeddings.py](embeddings.py)): "found" at .05, "changed" at its share where
  a table holds nothing else.
* *Accuracy without labels*: shifts other than those in [benchmarks/accuracy](../accuracy/README.md), which has more of
  them.
* *code of*: when the code that measured the cell was committed, the oldest record's; "undated" is code that put no date
  into its records. "k of m again": m of these seeds were measured once more by the code of {looked},
  k of them with the same record in every figure and p-value; the line itself is of the older code.

Made with {versions}.

{missing}

{table}

## Many levels

The test of all levels of a category, by itself ([many_levels.py](many_levels.py)): under the null, and after a change.

{many}

## Other tools on the same tables

Share of runs with an alarm (replicates in brackets); see [peers.py](peers.py) for what counts as one and how to set
them up. Null cells first: there every alarm is false.

{peers}
"""


def main() -> None:
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn"))
    page = TEXT.format(
        versions=f"Python {platform.python_version()}, {versions}",
        looked=max((look["code"] for look in looked_at(Results(HERE)).values()), default="now"),
        missing=missing(Results(HERE)),
        table=table(Results(HERE)),
        many=many_levels.table(),
        peers=peers(Results(HERE)),
    )
    (HERE / "README.md").write_text(page)


if __name__ == "__main__":
    main()
