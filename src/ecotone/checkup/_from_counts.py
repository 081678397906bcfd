"""A check where a side is a profile without rows: what counts and sums alone can answer."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.checkup.document import (
    BudgetSummary,
    DataSummary,
    DependenceSummary,
    DuplicatesNotSought,
    Findings,
    Source,
    TableRead,
    Verdict,
)
from ecotone.checkup.quality import facts_of_profiles
from ecotone.checkup.report import counted_pictures
from ecotone.checkup.rows import RowsOutside
from ecotone.compare.two_sample import Dependence
from ecotone.compare.two_sample._two_profiles import two_profiles
from ecotone.contracts import BadInput
from ecotone.data import CountedPair, Profile, TableSource, counted_pair, profile
from ecotone.decide import Budget

from ._columns import entries_of_counts
from ._content_of import content_of
from ._movement_of_counts import movements_of_counts
from ._result import CheckResult
from ._settings import Settings
from ._stages import Stages

_WHY = "a profile made without rows"
_COST = (
    f"{_WHY} has counts alone: relations of columns beyond the sums of products, extremes, rows outside, "
    "copies of rows, dependence between rows and a model's performance are not tested; profile with rows to test them"
)
_TAKEN = "rows are taken to be independent: without rows neither order nor repeated entities can be tested"
_CONDITIONAL = f"untested: needs rows, and {_WHY} has none"
_NO_ROWS = f"Not tested: rows outside need rows, and {_WHY} has none."


@dataclass(frozen=True)
class Side:
    """One side as a profile: whether it has rows of its own, what it is called, and what was done to it."""

    held: Profile
    name: str
    rows_read: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """Both sides, and their columns aligned."""

    both: CountedPair
    sides: tuple[Side, Side]


def open_counts(given: tuple[TableSource, TableSource], settings: Settings) -> Counts | None:
    """Both sides as counts between the same cut points; None where both have rows.

    Raises
    ------
    BadInput
        Something was asked for that needs rows; the counts are on different cut points, or on none.
    """
    held = [side.profile for side in given]
    bare = [k for k in (0, 1) if (p := held[k]) is not None and p.kept is None]
    if not bare:
        return None
    _refuse(settings, given[bare[0]])
    cut = held[bare[0]]
    assert cut is not None
    for k in bare:
        found = held[k]
        assert found is not None
        if found.sums is None or cut.sums is None or found.sums.cuts.id != cut.sums.cuts.id:
            raise BadInput(_remedy(given))
    sides = _side(given[0], cut), _side(given[1], cut)
    both = counted_pair(sides[0].held, sides[1].held, settings.roles)
    for name, n in zip(("reference", "current"), both.n):
        if n < 2:
            raise BadInput(f"{name} has {n} row; a comparison needs at least 2")
    return Counts(both, sides)


def _refuse(settings: Settings, side: TableSource) -> None:
    roles = settings.roles
    asked = {
        "entity": roles.entity, "time": roles.time, "groups": roles.groups, "model": settings.model.model is not None,
        "prediction": roles.prediction, "probability": roles.probability, "target": roles.target,
        "given": roles.given, "embedding": roles.embedding,
    }  # fmt: skip
    for name, value in asked.items():
        if value:
            hint = " and leave the labels out of the verdict with ignore" if name == "target" else ""
            raise BadInput(
                f"{name} needs rows, and {side.in_words} is a profile without any; make it again without "
                f"--no-rows (rows=True), or leave {name} out{hint}"
            )


def _remedy(given: tuple[TableSource, TableSource]) -> str:
    """The commands that bring both sides' counts between the same cut points."""
    paths = [side.path or f"{side.name}.profile" for side in given]
    held = [side.profile for side in given]
    bare = [k for k in (0, 1) if (p := held[k]) is not None and p.kept is None]
    uncut = [k for k in bare if (p := held[k]) is not None and p.sums is None]
    if uncut and (uncut[0] == 0 or len(bare) == 1):
        k = uncut[0]
        then = ", and profile current --like FULL.profile" if len(bare) == 2 else ""
        return (
            f"{given[k].in_words} is a profile without rows and has no counts between cut points; make them "
            f"with ecotone profile SOURCE -o FULL.profile --like {paths[k]} --no-rows{then}"
        )
    return (
        f"{given[1].in_words} is a profile without rows and has no counts between the reference's cut "
        f"points; make it again with ecotone profile SOURCE -o {paths[1]} --like {paths[0]} --no-rows"
    )


def _side(given: TableSource, cut: Profile) -> Side:
    """A side whose sums are on the cut points of a profile without rows."""
    name, held = given.path or given.name, given.profile
    assert cut.sums is not None
    if held is None:
        made = profile(given.given, like=cut, rows=False, name=given.name)
        return Side(made, name, made.n)
    if held.sums is not None and held.sums.cuts.id == cut.sums.cuts.id:
        return Side(held, name, held.n)
    made = profile(held.frame(), like=cut, rows=False, name=given.name)
    note = f"{name}: profile of {held.n} rows: tests run on the {made.n} rows it keeps; for all of them profile it "
    return Side(made, name, held.n, (note + "--like the other side",))


def check_counts(counts: Counts, settings: Settings, stage: Stages) -> CheckResult:
    """The answers that counts carry, in the shape of every check."""
    budget = Budget(alpha=settings.alpha)
    both = counts.both
    ties = Dependence(None, (), (), "assumed", _TAKEN)
    with stage("verdict", 0.3):
        tables = two_profiles(
            both, alpha=budget.spend("verdict"), min_effect=settings.min_effect, fdr=settings.fdr, seed=settings.seed
        )
    facts = facts_of_profiles(
        (counts.sides[0].held, counts.sides[1].held), both.untested, settings.contract, settings.roles
    )
    moved = movements_of_counts(both, facts)
    entries = entries_of_counts(tables.columns, both.untested, _CONDITIONAL, moved)
    found = Findings(
        schema=facts.schema,
        quality=facts.quality,
        contract=facts.contract,
        verdict=Verdict.of(tables, ties),
        columns=entries,
        rows=RowsOutside.not_scored(
            0, alpha=budget.spend("rows"), fdr=settings.fdr, statement=_NO_ROWS, reason=_CONDITIONAL
        ),
        performance=None,
        budget=BudgetSummary.of(budget),
        data=_data(counts, ties, settings),
    )
    with stage("pictures", 0.95):
        first, second = counts.sides
        drawn = counted_pictures(both, (first.held, second.held), entries)
    return CheckResult(content_of(found, settings, ties, stage.timing()), drawn)


def _data(counts: Counts, ties: Dependence, settings: Settings) -> DataSummary:
    def read(side: Side) -> TableRead:
        return TableRead(side.rows_read, side.held.n, (Source(side.name, side.rows_read),))

    both, sides = counts.both, counts.sides
    return DataSummary(
        reference=read(sides[0]),
        current=read(sides[1]),
        types={column.name: column.kind for column in both.columns},
        embeddings=(),
        untested=tuple(both.untested),
        duplicates=DuplicatesNotSought(),
        given=None,
        dependence=DependenceSummary.of(ties),
        notes=(_COST, *(note for side in sides for note in side.notes), *both.notes),
        seed=settings.seed,
    )
