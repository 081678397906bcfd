"""What a check was asked to do, checked before any data is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ecotone.checkup.quality import Contract
from ecotone.contracts import BadInput
from ecotone.data import ModelOptions, Roles


@dataclass(frozen=True)
class Settings:
    """Arguments of :func:`ecotone.check`: a ``BadInput`` names the one that is wrong, its value and what it may be."""

    roles: Roles
    model: ModelOptions
    contract: Contract | None = None
    alpha: float = 0.05
    fdr: float = 0.1
    min_effect: float = 0.02
    independent: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_roles()
        self._check_independent()

    def _check_numbers(self) -> None:
        for name, low, high in (("alpha", 0, 0.5), ("fdr", 0, 0.5), ("min_effect", 0, 0.5)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise BadInput(f"{name} must be a number, got {value!r}; try {getattr(type(self), name)}")
            if not (low < value < high or (name == "min_effect" and value == 0)):
                usual = getattr(type(self), name)
                raise BadInput(f"{name} must lie between {low} and {high}, got {value!r}; try {usual}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise BadInput(f"seed must be a whole number, 0 or more, got {self.seed!r}")

    def _check_roles(self) -> None:
        sources = [n for n, given in zip(("model", "prediction", "probability"), self._sources()) if given]
        if len(sources) > 1 and sources != ["prediction", "probability"]:
            raise BadInput(f"give one of model, prediction and probability, not {' and '.join(sources)}")
        if sources and self.roles.target is None:
            raise BadInput(f"{sources[0]} is given without target; name the column that holds the labels with target=")
        outputs = [n for n in (self.roles.prediction, *self.roles.probability) if n is not None]
        if self.roles.target in outputs:
            raise BadInput(f"column {self.roles.target!r} is both target and the model's output; name one for each")
        twice = next((n for n in outputs if outputs.count(n) > 1), None)
        if twice is not None:
            raise BadInput(f"column {twice!r} is named twice as the model's output; name each column once")
        if self.model.features is not None and not sources:
            raise BadInput("features= are the columns that a model reads; give model, prediction or probability too")
        if self.model.metric is not None and not sources:
            raise BadInput(f"metric={self.model.metric!r} needs a model, prediction or probability to measure")

    def _check_independent(self) -> None:
        if not isinstance(self.independent, bool):
            raise BadInput(f"independent must be True or False, got {self.independent!r}")
        for role in ("entity", "time"):
            name = getattr(self.roles, role)
            if self.independent and name is not None:
                raise BadInput(
                    f"independent says that rows are independent draws, and {role} {name!r} that they are not; "
                    f"give one or the other"
                )

    def _sources(self) -> tuple[bool, bool, bool]:
        return self.model.model is not None, self.roles.prediction is not None, bool(self.roles.probability)

    @property
    def measures_performance(self) -> bool:
        return any(self._sources())
