"""Files of models that were made to mislead: refused in a sentence, before anything large is built."""

import json
import struct
import time

import numpy as np
import pyarrow as pa
import pytest

from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.learn import EDM, TableModel, Training, load
from ecotone.learn._saving import _arguments
from ecotone.learn.networks import MLP
from ecotone.learn.tables import MaskedPerceptron


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    code = rng.integers(0, 9, 400)
    table = pa.table({"a": rng.normal(size=400), "b": rng.choice(["x", "y"], 400), "c": code, "d": code * 3})
    quick = Training(steps=2, eval_every=1, batch_size=32)
    TableModel(MaskedPerceptron(width=16, depth=1), training=quick).fit(table).save(place / "table.model")
    EDM(MLP(16, 1), training=quick).fit(rng.normal(size=(100, 2))).save(place / "array.model")
    return place


def changed(path, to, *keys, value):
    """A copy of an artefact with one thing that it says changed."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    said = json.loads(header["__metadata__"]["ecotone"])
    at = said["body"]
    for key in keys[:-1]:
        at = at[key]
    assert keys[-1] in at or isinstance(at, list)
    at[keys[-1]] = value
    header["__metadata__"]["ecotone"] = json.dumps(said)
    text = json.dumps(header).encode()
    to.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])
    return to


NETWORK = ("model", "arguments", "network", "arguments")


@pytest.mark.parametrize("name", ["table.model", "array.model"])
@pytest.mark.parametrize("size", ["width", "depth"])
@pytest.mark.parametrize("value", [10**5, 10**30, -1, "x", None, 0.5])
def test_sizes_that_the_arrays_have_not(written, name, size, value):
    path = changed(written / name, written / "x.model", *NETWORK, size, value=value)
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"is not a usable model artefact|needs width >= 2 and depth >= 1"):
        load(path)
    assert time.monotonic() - began < 30, "it ends long before so much is built"


@pytest.mark.parametrize(
    "keys, value",
    [
        (("codec", "columns", 0, "levels", 0), 7), (("codec", "columns", 0, "type"), "no type"),
        (("codec", "columns", 0, "name"), "z"), (("codec", "columns", 1, "atoms"), [1, 0]),
        (("codec", "columns", 1, "lattice", "step"), -3), (("codec", "columns", 1, "below"), []),
        (("codec", "columns", 3, "upper"), ["x", 1, 0]), (("codec", "rules", 0, "source"), "z"),
        (("codec", "rules", 0, "kind"), "guess"), (("codec", "known"), {}), (("codec", "table"), ["a"]),
    ],
)  # fmt: skip
def test_codecs_that_no_table_gave(written, keys, value, capsys):
    path = changed(written / "table.model", written / "y.model", "state", *keys, value=value)
    assert run(["sample", str(path), "-n", "2", "-o", str(written / "y.csv")]) == 2
    assert "is not a usable model artefact" in capsys.readouterr().err and not (written / "y.csv").exists()


def test_a_model_without_settings_has_no_arguments():
    class Plain:
        pass

    class WithSettings:
        def __init__(self, width, *, depth=1):
            self.width, self.depth = width, depth

    assert _arguments(Plain()) == {} and _arguments(WithSettings(3)) == {"width": 3, "depth": 1}
