"""What is asked of synthetic rows: are they told from real ones, do they teach the same, are they copies?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors


def codes(*tables: pd.DataFrame) -> list[pd.DataFrame]:
    """The tables with levels as shared codes, and the names of those columns in ``attrs``."""
    whole = pd.concat(tables, ignore_index=True)
    levels = [c for c in whole if whole[c].dtype.kind not in "iufb"]
    for c in levels:
        coded = whole[c].astype("category").cat.codes.astype("float64")
        whole[c] = np.where(coded < 0, np.nan, coded)
        if whole[c].nunique() > 250:  # what the trees take as categories
            keep = set(whole[c].dropna().value_counts().index[:250])
            whole[c] = whole[c].where(whole[c].isin(keep), -1.0)
        whole[c] = whole[c].astype("category").cat.codes.astype("float64").replace(-1.0, np.nan)
    whole = whole.astype("float64")
    ends = np.cumsum([len(t) for t in tables])
    parts = [whole.iloc[a:b].reset_index(drop=True) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    for part in parts:
        part.attrs["levels"] = levels
    return parts


def _trees(levels: list[str], seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=200, early_stopping=False, categorical_features=levels or None, random_state=seed
    )


def told_apart(real: pd.DataFrame, fake: pd.DataFrame, seed: int = 0) -> float:
    """Cross-validated AUC of gradient boosting between held-out real and synthetic rows, as many of each."""
    n = min(len(real), len(fake), 20_000)
    a, b = codes(real.sample(n, random_state=seed), fake.sample(n, random_state=seed))
    x, y = pd.concat([a, b], ignore_index=True), np.repeat([0, 1], n)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    p = cross_val_predict(_trees(a.attrs["levels"], seed), x, y, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(y, p))


def taught(train: pd.DataFrame, test: pd.DataFrame, target: str, positive: object, seed: int = 0) -> float:
    """AUC on real held-out rows of gradient boosting trained on ``train``."""
    x, z = codes(train.drop(columns=target), test.drop(columns=target))
    y, w = (t[target].eq(positive).fillna(False).astype(bool) for t in (train, test))
    model = _trees(x.attrs["levels"], seed).fit(x, y)
    return float(roc_auc_score(w, model.predict_proba(z)[:, 1]))


def nearest(train: pd.DataFrame, rows: pd.DataFrame, most: int = 3000) -> tuple[float, float]:
    """Median distance from rows to the nearest training row (numbers standardised, levels 0 or 1), and exact copies."""
    a, b = codes(
        train.sample(min(len(train), 20_000), random_state=0), rows.sample(min(len(rows), most), random_state=0)
    )
    levels, parts = a.attrs["levels"], []
    for t in (a, b):
        numbers = t.drop(columns=levels)
        base = a.drop(columns=levels)
        scaled = ((numbers - base.mean()) / base.std().replace(0, 1)).fillna(0).to_numpy()
        hot = [np.where(t[c].fillna(-1).to_numpy()[:, None] == np.unique(a[c].fillna(-1)), 0.5**0.5, 0) for c in levels]
        parts.append(np.hstack([scaled, *hot]).astype(np.float32))
    distance = NearestNeighbors(n_neighbors=1).fit(parts[0]).kneighbors(parts[1])[0][:, 0]
    return float(np.median(distance)), float((distance < 1e-6).mean())


def conditional_gap(real: pd.DataFrame, fake: pd.DataFrame, column: str, wanted: object) -> float:
    """Mean total variation between the columns' laws in real rows with a value, and in rows drawn given it."""
    held = real[real[column] == wanted]
    gaps = []
    for c in real.columns.drop(column):
        a, b = held[c], fake[c]
        if a.dtype.kind in "iuf":
            edges = np.unique(np.nanquantile(real[c].astype(float), np.linspace(0, 1, 11)))[1:-1]
            a, b = (pd.Series(np.digitize(v.astype(float), edges)).where(v.notna().to_numpy(), -1) for v in (a, b))
        p, q = a.value_counts(normalize=True, dropna=False), b.value_counts(normalize=True, dropna=False)
        gaps.append(float(p.subtract(q, fill_value=0).abs().sum() / 2))
    return float(np.mean(gaps))
