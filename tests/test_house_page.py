"""The drawing of the house is that of the code."""

import ast
import importlib.util
import re
import sys
from pathlib import Path

# By its place: beside the tests stands another file of this name.
_SPEC = importlib.util.spec_from_file_location("docs_house", Path(__file__).parents[1] / "docs" / "house.py")
house = importlib.util.module_from_spec(_SPEC)
sys.modules["docs_house"] = house
_SPEC.loader.exec_module(house)

COUNT = re.compile(r"\d[\d,]*(?=[^<>]*</text>)|(?<=\| )\d[\d,]*(?= \|)|(?<=\()\d+(?=\))")


def _numbers(text):
    return [int(n.replace(",", "")) for n in COUNT.findall(text)]


def test_the_page_is_current():
    """Rooms and arrows to the letter; counts, which every change of the code moves, to a quarter."""
    kept, made = house.PAGE.read_text(encoding="utf-8"), house.page()
    remedy = "rooms or imports between them have changed: run python docs/house.py"
    assert COUNT.sub("", kept) == COUNT.sub("", made), remedy
    assert all(abs(a - b) <= max(3, b / 4) for a, b in zip(_numbers(kept), _numbers(made), strict=True)), remedy


def test_files_and_lines_are_counted_once():
    found = house.surveyed()
    files = list(house.SOURCE.rglob("*.py"))
    assert sum(found.files.values()) == len(files)
    assert sum(found.lines.values()) == sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files)
    drawn = house.PAGE.read_text(encoding="utf-8")
    assert all(f">{room}</text>" in drawn for room in ("cli", "two_sample", "samplers", "contracts"))


def test_imports_are_found_wherever_they_stand():
    here = house.SOURCE / "compare" / "two_sample" / "_ks_test.py"
    text = (
        "from ecotone.data import Pair\nimport ecotone.cards\nimport numpy\n\n\ndef f():\n    from ..explain import a\n"
    )
    found = {p.relative_to(house.SOURCE).as_posix() for p in house.imported(here, ast.parse(text))}
    assert found == {"cards.py", "compare/explain/__init__.py", "data/__init__.py"}


def test_arrows_go_down():
    order = [room for floor in house.layers() for room in floor]
    tops = {(house.top(a), house.top(b)) for a, b in house.surveyed().imports}
    drawn = {(a, b) for a, b in tops if a != b and a in order and b in order}
    assert len(drawn) > 20 and all(order.index(a) < order.index(b) for a, b in drawn)
