"""A model of the reference part, and what it says of both tables."""

from __future__ import annotations

import pandas as pd
from pairs import Shift
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def with_model(
    shift: Shift, fit: pd.DataFrame, reference: pd.DataFrame, current: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str], str]:
    """Reference and current with the output of a boosted model of ``fit``, its features and the metric."""
    features = [c for c in fit if c != shift.target]
    words = [c for c in features if fit[c].dtype.kind not in "iufb"]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    numbers = make_column_transformer((codes, words), remainder="passthrough")
    kind = HistGradientBoostingRegressor if shift.number else HistGradientBoostingClassifier
    model = make_pipeline(numbers, kind(max_iter=100, random_state=0)).fit(fit[features], fit[shift.target])

    def judged(table: pd.DataFrame) -> pd.DataFrame:
        if shift.number:
            return table.assign(prediction=model.predict(table[features]))
        probability = model.predict_proba(table[features])[:, 1]
        return table.assign(probability=probability, prediction=(probability > 0.5).astype("int64"))

    return judged(reference), judged(current), features, "mae" if shift.number else "accuracy"
