"""A monitor that asks a model for its output on every row."""

from __future__ import annotations

import pyarrow as pa

from ecotone.contracts import BadInput

from ._labelled import LabelledMonitor
from ._scorer import Asked, Scorer


class ScoredMonitor(LabelledMonitor):
    """A monitor whose rows may lack the model's output, where the model itself is at hand."""

    _scorer: Scorer | None = None

    def ask(self, model: Asked) -> None:
        """Take the model that the monitor was made with.

        Raises
        ------
        BadInput
            It is another one, or none was asked.
        """
        scorer = Scorer.of(model, self.settings.roles)
        if scorer.digest != self.settings.model:
            self.close()
            was = "another model" if self.settings.model else "columns that hold a model's output, or none"
            raise BadInput(f"model: {self.path} was made with {was}; give what it was made with, or start anew")
        self._scorer = scorer

    def scored(self, table: pa.Table) -> pa.Table:
        """Rows with the model's output beside them, where a model is asked."""
        if not self.settings.model:
            return table
        if self._scorer is None:
            raise BadInput(f"model: {self.path} asks a model for its output on every row; give the same one again")
        return self._scorer(table)
