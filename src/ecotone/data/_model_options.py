"""What the user says of the model whose performance is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecotone.contracts import BadInput, Predictor

from ._model_columns import ModelColumns, model_columns
from ._roles import names_of


@dataclass(frozen=True)
class ModelOptions:
    """A model, and how it is measured; the columns of its output, where these stand in for it, are :class:`Roles`.

    Parameters
    ----------
    model : object with ``predict``, or path of an ONNX file, optional
    metric : str, optional
        ``accuracy`` by default for classes, ``mae`` for numbers.
    positive : str, optional
        The positive class of two; by default "1", or the last in order.
    features : tuple of str, optional
        Columns that the model reads, where it does not say so itself; of a model without names, in its order.

    Examples
    --------
    >>> ModelOptions.of(metric="roc_auc", features="price").features
    ('price',)
    """

    model: Predictor | str | Path | None = None
    metric: str | None = None
    positive: str | None = None
    features: tuple[str, ...] | None = None

    @classmethod
    def of(cls, *, features: Any = None, **given: Any) -> ModelOptions:
        """Options from a user's arguments: one feature may stand alone.

        Raises
        ------
        BadInput
            For features that are no names, or none.
        """
        options = cls(**given, features=names_of(features, "features"))
        if options.features is not None and not options.features:
            raise BadInput("features is empty; name the columns that the model reads, or leave it out")
        return options

    def columns(self, names: Sequence[str], where: str = "the table") -> ModelColumns | None:
        """The columns that the model reads of a table's, by the names that it keeps; None where it keeps none."""
        return model_columns(self.model, names, where)
