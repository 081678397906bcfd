"""Adding a method touches its file, its room's list, a contract test and an oracle test; the missing one is named."""

from pathlib import Path

import pytest
from places import NO_METHODS, missing

import ecotone
from ecotone._lazy import listed

METHOD = '''"""Adds."""

from ecotone.cards import Card

CARD = Card(
    name="add", summary="Adds.", contract="Sum", title="On Sums", authors=("Ho, Jo",), year=2020, link="https://a.b",
    row=7,
)


def add(x, y):
    """Add.

    References
    ----------
    Ho (2020), https://a.b
    """
    return x + y
'''
FILES = {
    "src/ecotone/measure/_add.py": METHOD,
    "src/ecotone/measure/__init__.py": "if TYPE_CHECKING:\n    from ._add import add as add\n",
    "tests/contracts/test_sums.py": 'CARDS = [card for card in discover().values() if card.contract == "Sum"]\n',
    "tests/measure/test_add.py": '@pytest.mark.oracle("add")\ndef test_add():\n    assert add(1, 2) == 3\n',
    "claims/measure/add.py": "def run(seeds):\n    return {}\n",
}


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_method_is_in_every_place():
    assert not missing(), "\n".join(missing())


def test_what_is_said_to_be_no_method_is_public():
    public = {name for init in Path(ecotone.__path__[0]).rglob("__init__.py") for name in listed(init)}
    assert public >= NO_METHODS


@pytest.mark.parametrize(
    "place, text, words",
    [
        ("src/ecotone/measure/_add.py", METHOD.replace("CARD =", "KARD ="), "write CARD = Card(name='add', ...)"),
        ("src/ecotone/measure/__init__.py", "", "write 'from ._add import add as add' inside 'if TYPE_CHECKING:'"),
        (
            "tests/contracts/test_sums.py",
            "",
            "write a test in tests/contracts over the cards with card.contract == '",
        ),
        ("tests/measure/test_add.py", "def test_add():\n    pass\n", '@pytest.mark.oracle("add")'),
        ("claims/measure/add.py", None, "row 7 of the list of methods; write run(seeds) in claims/measure/add.py"),
    ],
)
def test_the_missing_place_is_named_with_what_to_write(project, place, text, words):
    assert missing(project) == []
    (project / place).unlink() if text is None else (project / place).write_text(text)
    found = missing(project)
    assert len(found) == 1 and words in found[0]
