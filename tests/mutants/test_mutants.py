"""The tool that breaks methods: what it touches, what it leaves alone, and that a copy is broken and not the tree."""

import ast
import textwrap

import mutant_tests
import pytest
from mutant_sites import broken, sites

from ecotone.cards import discover

SOURCE = textwrap.dedent(
    '''
    import math
    LIMIT = 3
    def f(x: int = 2, *, low: float = 0.5) -> float:
        """Text 1 < 2."""
        if x < 0:
            raise ValueError(f"{x + 1} of {2 * x}")
        check_is_fitted(x, 7)
        if not x and low:
            x = -x
        return sorted(x[1:], key=abs)

    class C:
        size = 4
        def g(self, p):
            """Text."""
            return p * 2.0 if p >= self.size else math.floor(p)
    '''
)


def test_every_kind_of_site_and_nothing_but_what_computes():
    found = {(site.function, site.before, site.after) for site in sites(SOURCE)}
    assert found == {
        ("f", "not x", "x"),
        ("f", "not x and low", "not x or low"),
        ("f", "if not x and low: x = -x", "if False: x = -x"),
        ("f", "-x", "x"),
        ("f", "1", "0"),
        ("f", "1:", "1 + 1:"),
        ("f", "return sorted(x[1:], key=abs)", "return x[1:]"),
        ("f", "sorted(x[1:], key=abs)", "sorted(x[1:])"),
        ("C.g", "p * 2.0 if p >= self.size else math.floor(p)", "p * 2.0"),
        ("C.g", "p * 2.0 if p >= self.size else math.floor(p)", "math.floor(p)"),
        ("C.g", "p >= self.size", "p > self.size"),
        ("C.g", "p >= self.size", "p < self.size"),
        ("C.g", "p * 2.0", "p / 2.0"),
        ("C.g", "2.0", "4.0"),
        ("C.g", "math.floor", "math.ceil"),
    }


def test_each_broken_source_differs_at_its_place_alone():
    whole = ast.unparse(ast.parse(SOURCE))
    for site in sites(SOURCE):
        new = broken(SOURCE, site)
        assert new.strip() != whole, site
        assert len(set(whole.splitlines()) - set(new.splitlines())) == 1, site


@pytest.mark.parametrize("card", discover().values(), ids=lambda card: card.name)
def test_a_method_has_its_file_and_tests(card):
    own, *helpers = mutant_tests.core_files(card)
    assert own.exists() and "CARD = Card(" in own.read_text(encoding="utf-8")
    assert all(helper.parent == own.parent for helper in helpers)
    assert mutant_tests.test_files(card)


def test_files_beside_a_method_are_its_own_where_no_other_imports_them():
    names = {path.name for path in mutant_tests.core_files(discover()["PlanarFlow"])}
    assert names == {"_planar_flow.py", "_planar_layers.py"}
