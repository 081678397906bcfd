"""How often a check hands its arguments from one room to another: each time is a place that must know of them."""

import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import ecotone

SOURCE = str(Path(ecotone.__file__).parent)
FEATURES = ["a", "b", "c"]


def room(frame) -> str | None:
    """The folder of the project that a frame's code lies in; None for other code."""
    path = frame.f_code.co_filename
    return os.path.relpath(os.path.dirname(path), SOURCE) if path.startswith(SOURCE) else None


def caller(frame) -> str:
    while (frame := frame.f_back) is not None:
        if (found := room(frame)) is not None:
            return found
    return "user"


def given(frame) -> list:
    """The arguments of a call, those in containers too."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    values = [frame.f_locals.get(name) for name in code.co_varnames[:count]]
    held = [v.values() if isinstance(v, dict) else v if isinstance(v, tuple | list) else () for v in values]
    return [*values, *(x for some in held for x in some)]


def passes(call, watched: dict) -> Counter:
    """Calls from one room to another that get a watched object itself, by its name."""
    found: Counter = Counter()

    def look(frame, event, _):
        if event == "call" and (here := room(frame)) is not None and caller(frame) != here:
            arguments = given(frame)
            found.update(name for name, value in watched.items() if any(a is value for a in arguments))

    sys.setprofile(look)
    try:
        call()
    finally:
        sys.setprofile(None)
    return found


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)

    def table(shift):
        x = rng.normal((0, 0, shift), size=(300, 3))
        return pd.DataFrame(x, columns=FEATURES).assign(y=(x.sum(1) + rng.normal(size=300) > 0).astype(int))

    return table(0), table(0.5)


def test_a_table_and_a_model_pass_few_rooms(tables):
    reference, current = tables
    model = LogisticRegression().fit(reference[FEATURES], reference.y)
    found = passes(
        lambda: ecotone.check(reference, current, target="y", model=model), {"reference": reference, "model": model}
    )
    # user to checkup to data, where a model stays in ModelOptions; a table goes on to data/sources, which reads it
    assert found == {"reference": 3, "model": 2}
