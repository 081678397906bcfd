"""The main job: what changed, whether it matters, and with what certainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from ecotone.checkup.document import BudgetSummary, Findings, Verdict, data_of_tables
from ecotone.checkup.performance import Performance, performance
from ecotone.checkup.quality import Contract, Facts, facts_of_tables
from ecotone.checkup.report import pictures
from ecotone.checkup.rows import RowsOutside, rows_outside
from ecotone.compare.explain import ConditionalChange, conditional_change
from ecotone.compare.two_sample import Dependence, TwoTables, dependence, two_tables, with_units
from ecotone.contracts import BadInput, Predictor, ProgressListener, unwatched
from ecotone.data import Frame, ModelOptions, Pair, Roles, align_tables, open_table, thread_map
from ecotone.decide import Budget

from ._columns import column_entries
from ._content_of import content_of
from ._from_counts import check_counts, open_counts
from ._result import CheckResult
from ._settings import Settings
from ._stages import Stages
from ._within_strata import within_strata

WIDE = 1000


def check(
    reference: Any,
    current: Any,
    *,
    target: str | None = None,
    model: Predictor | str | Path | None = None,
    prediction: str | None = None,
    probability: str | list[str] | None = None,
    metric: str | None = None,
    positive: str | None = None,
    features: list[str] | None = None,
    alpha: float = 0.05,
    fdr: float = 0.1,
    min_effect: float = 0.02,
    columns: list[str] | None = None,
    ignore: str | list[str] | None = None,
    id: str | list[str] | None = None,
    ordinal: str | list[str] | None = None,
    entity: str | None = None,
    time: str | None = None,
    groups: str | None = None,
    given: str | list[str] | None = None,
    embedding: str | list[str] | None = None,
    contract: Contract | Mapping[str, Any] | str | Path | None = None,
    independent: bool = False,
    seed: int = 0,
    progress: ProgressListener = unwatched,
) -> CheckResult:
    r"""Say what changed between two tables, whether it matters, and what to do, under one budget of errors.

    The headline alarms with probability at most ``alpha`` if nothing changed: the verdict on the tables has
    .80 of ``alpha``, the rows outside and the model's performance .10 each. Columns are named at the false
    discovery rate ``fdr`` once the verdict is in, rows once their own global test is.

    Parameters
    ----------
    reference, current : path, glob, directory, data frame, array or Profile
        CSV, Parquet, Arrow IPC, ``file.duckdb::table``; pandas, polars, Arrow, DuckDB relations; (n, d) arrays.
        Where one is a profile without rows, counts alone are compared, and arguments that need rows are refused.
    target : str
        Column of labels. Not part of the verdict; ``current`` may lack it.
    model : object with ``predict``, or path of an ONNX file
        Scored on both tables; its training rows must not be in ``reference``.
    prediction, probability : str, or list of str
        Columns that hold the model's output, in the place of ``model``.
    metric : str
        ``accuracy`` by default for classes, ``mae`` for numbers.
    positive : str
        The positive class, for metrics of two classes.
    features : list of str
        Columns that the model reads; needed where the model keeps no names, or only its output is given.
    alpha : float
        Chance of any alarm when nothing changed.
    fdr : float
        False discovery rate of the lists of columns and rows.
    min_effect : float
        Smallest effect that matters, on the scale of an AUC: 0.02 is a shift of about 0.07 standard deviations,
        2 % of the rows in another category, or 2 % more missing values.
    columns, ignore : list of str
        Features to compare, or to leave out.
    id : str, or list of str
        Identifiers: never compared; whether rows that share one are alike is still looked at. Most are recognised.
    ordinal : str, or list of str
        Columns whose order matters (numbers, sizes, grades), compared by ranks and never taken for identifiers.
    entity : str
        Column whose equal values mark rows of one unit.
    time : str
        Column that orders rows.
    groups : str
        Column of groups for which performance is given apart.
    given : str, or list of str
        Columns, or parts of date-times (``when:month``, or ``month`` where one column holds date-times): rows are
        drawn so that each of their values has the same share of both tables, and compared. They are not tested.
    embedding : str, or list of str
        How the names begin of columns that are one embedding: these are tested as one, by distances and a classifier.
    contract : path, dict or Contract
        What ``current`` shall be, as ``ecotone profile --contract`` writes it; violations are told, without a test.
    independent : bool
        You state that, if nothing had changed, the rows of both tables would be independent draws of one distribution:
        dependence is looked for and told, and not acted on; the guarantee is ``assumed``.
    seed : int
        The same seed gives the same answers.
    progress : callable
        Told the stage and the share that is done; see :func:`ecotone.contracts.progress_bar`.

    Returns
    -------
    CheckResult
        Its ``to_dict()`` is the JSON document, format ``ecotone.check/1``.

    Raises
    ------
    BadInput
        One sentence that names the column or argument, the value and the remedy.

    Examples
    --------
    >>> import numpy as np, ecotone
    >>> rng = np.random.default_rng(0)
    >>> before, after = rng.standard_normal((500, 3)), rng.standard_normal((500, 3)) + [0, 0, 1]
    >>> result = ecotone.check(before, after)
    >>> result.alarms
    ('material', 'changed', 'outliers')
    >>> [column["name"] for column in result.columns if column["marginal"]["changed"]]
    ['x2']
    """
    settings = Settings(
        Roles.of(
            target=target, prediction=prediction, probability=probability, entity=entity, time=time, groups=groups,
            id=id, ordinal=ordinal, columns=columns, ignore=ignore, given=given, embedding=embedding,
        ),
        ModelOptions.of(model=model, metric=metric, positive=positive, features=features),
        Contract.given(contract), alpha=alpha, fdr=fdr, min_effect=min_effect, independent=independent, seed=seed,
    )  # fmt: skip
    stage = Stages(progress)
    with stage("read", 0.0):
        sides = open_table(reference, name="reference"), open_table(current, name="current")
        counts = open_counts(sides, settings)
        if counts is None:
            frames = sides[0].read(), sides[1].read()
            both = _paired(frames, settings)
            profiles = sides[0].profile, sides[1].profile
            facts = facts_of_tables(profiles, frames, both, settings.contract, settings.roles)
    # Linear algebra on several threads waits longer than it computes, above all where other work holds the cores;
    # whole columns and whole parts of the check run side by side instead.
    with threadpool_limits(limits=1):
        if counts is not None:
            return check_counts(counts, settings, stage)
        return _answers(both, frames, facts, settings, stage)


def _answers(both: Pair, frames: tuple[Frame, Frame], facts: Facts, settings: Settings, stage: Stages) -> CheckResult:
    seed, fdr, budget, roles = settings.seed, settings.fdr, Budget(alpha=settings.alpha), settings.roles
    with stage("dependence", 0.15):
        declared = {"entity": roles.entity is not None, "time": roles.time is not None}
        ties = dependence(both, **declared, independent=settings.independent, seed=seed)
        ties = within_strata(ties, both)
        both = with_units(both, ties)
        facts = replace(facts, schema=facts.schema.with_untested(both.untested))
    tables, conditionals, rows = _tests(both, ties, settings, budget, stage)
    verdict = Verdict.of(tables, ties)
    entries = column_entries(both, tables.columns, conditionals, changed=verdict.changed, fdr=fdr)
    with stage("performance", 0.75):
        quality = _performance(both, frames, settings, budget) if settings.measures_performance else None
    with stage("pictures", 0.95):
        drawn = pictures(both, verdict, entries, rows)
    found = Findings(
        schema=facts.schema, quality=facts.quality, contract=facts.contract, verdict=verdict, columns=entries,
        rows=rows, performance=quality, budget=BudgetSummary.of(budget), data=data_of_tables(both, frames, ties, seed),
    )  # fmt: skip
    return CheckResult(content_of(found, settings, ties, stage.timing()), drawn, rows.pvalues, both.current)


def _tests(
    both: Pair, ties: Dependence, settings: Settings, budget: Budget, stage: Stages
) -> tuple[TwoTables, tuple[ConditionalChange, ...], RowsOutside]:
    """The verdict, the columns and the rows: none needs another, so large tables have them side by side."""
    fdr, seed = settings.fdr, settings.seed
    levels = {name: budget.spend(name) for name in ("verdict", "rows")}

    def verdict() -> TwoTables:
        with stage("verdict", 0.25):
            alpha, least = levels["verdict"], settings.min_effect
            return two_tables(both, alpha=alpha, min_effect=least, fdr=fdr, seed=seed, encoded=ties.encoded)

    def columns() -> tuple[ConditionalChange, ...]:
        with stage("columns", 0.5):
            return conditional_change(both.by_themselves(), seed=seed)

    def rows() -> RowsOutside:
        with stage("rows", 0.65):
            return rows_outside(both, alpha=levels["rows"], fdr=fdr, seed=seed)

    parts: list[Callable[[], Any]] = [verdict, rows, columns]
    wide = len(both.names) > WIDE  # there each part takes hundreds of megabytes: one after another
    found = thread_map(lambda part: part(), parts, values=0 if wide else sum(both.n) * len(both.names))
    return found[0], found[2], found[1]


def _paired(frames: tuple[Frame, Frame], settings: Settings) -> Pair:
    both = align_tables(*frames, settings.roles, seed=settings.seed)
    for name, table in (("reference", both.reference), ("current", both.current)):
        if table.n < 2:
            matched = f"rows were matched on {', '.join(settings.roles.given)}"
            what = "copies were left out" if both.strata is None else matched
            raise BadInput(f"{name} has {table.n} row after {what}; a comparison needs at least 2")
    return both


def _performance(both: Pair, frames: tuple[Frame, Frame], settings: Settings, budget: Budget) -> Performance:
    return performance(
        both,
        frames=(frames[0].arrow, frames[1].arrow),
        roles=settings.roles,
        model=settings.model,
        alpha=budget.spend("performance"),
        seed=settings.seed,
    )
