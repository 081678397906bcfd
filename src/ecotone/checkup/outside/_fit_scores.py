"""Every score that the activations allow, fitted; the others with the reason."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ecotone.cards import discover
from ecotone.contracts import Activations, BadInput, ProgressListener, unwatched
from ecotone.detect.posthoc import PostHoc
from ecotone.detect.posthoc._post_hoc import REMEDY, missing

USUAL = ("Energy", "KNN", "MSP", "ViM")  # where neither all nor some are asked for
FAMILY = "PostHoc"


@dataclass(frozen=True)
class Fitted:
    """Scores by name, why others could not be had, and the seconds that each fit took."""

    scores: Mapping[str, PostHoc]
    unusable: Mapping[str, str]
    seconds: Mapping[str, float]


def known_scores() -> list[str]:
    """Names of all scores of activations, sorted."""
    return sorted(name for name, card in discover().items() if card.contract == FAMILY)


def fit_scores(
    reference: Activations,
    others: Iterable[Activations] = (),
    *,
    scores: str | Iterable[str] | Mapping[str, PostHoc] | None = None,
    progress: ProgressListener = unwatched,
) -> Fitted:
    """Fit scores on the reference.

    Parameters
    ----------
    reference : Activations
    others : iterable of Activations
        That the scores are to read later; their parts decide too.
    scores : "all", names, or a mapping of names to scores, optional
        Named scores have their default settings. By default the usual four.
    progress : callable
        Told the name of each score before it is fitted.

    Raises
    ------
    BadInput
        For a name that no score has, or where no score can be had at all.
    """
    others = list(others)
    found: dict[str, PostHoc] = {}
    unusable: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for name, score in _asked(scores).items():
        progress(f"fitting {name}", None)
        start = time.perf_counter()
        try:
            lacking = _lacking(score, reference, others)
            if lacking:
                unusable[name] = lacking
                continue
            found[name] = score.fit(reference)
            seconds[name] = time.perf_counter() - start
        except BadInput as error:
            unusable[name] = str(error)
    if not found:
        why = "; ".join(f"{name}: {reason}" for name, reason in list(unusable.items())[:3])
        raise BadInput(f"no score can read these activations: {why}")
    return Fitted(found, unusable, seconds)


def _asked(scores: str | Iterable[str] | Mapping[str, PostHoc] | None) -> dict[str, PostHoc]:
    if isinstance(scores, Mapping):
        return dict(scores)
    names = list(
        USUAL
        if scores is None
        else known_scores()
        if scores == "all"
        else [scores]
        if isinstance(scores, str)
        else scores
    )
    cards = discover()
    for name in names:
        if name not in cards or cards[name].contract != FAMILY:
            raise BadInput(f"no score is named {name!r}; there are {', '.join(known_scores())}")
    return {name: getattr(importlib.import_module(cards[name].module), name)() for name in names}


def _lacking(score: PostHoc, reference: Activations, others: list[Activations]) -> str:
    lacking = set(missing(score, reference))
    later = frozenset(score.reads() - score.fit_only)
    for acts in others:
        lacking |= set(missing(score, acts, later))
    return "; ".join(f"it reads {part}: {REMEDY.get(part, f'give {part}')}" for part in sorted(lacking))
