"""Every card is well formed, importable, and as proved as its tier says."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

from ecotone.cards import discover, evidence

ROOT = Path(__file__).resolve().parents[2]
CARDS = list(discover().values())

sys.path.insert(0, str(ROOT / "claims"))
collected = importlib.import_module("evidence")
sys.path.pop(0)
STATE = collected.collect()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_card_is_well_formed_and_its_method_importable(card):
    assert card.summary and card.summary[0].isupper() and card.summary.endswith("."), card.summary
    assert card.title and re.match(r"https?://\S+$", card.link), (card.title, card.link)
    # "Family, Given", or an organisation in one word
    assert card.authors and all(re.match(r"[^,]+, \S|\S+$", author) for author in card.authors), card.authors
    assert 1900 <= card.year <= 2100
    assert card.tier in ("stable", "method", "experimental")
    room = importlib.import_module("ecotone." + card.room.replace("/", "."))
    method = getattr(room, card.name)
    assert callable(method) and card.name in dir(room)
    assert method.__module__ == card.module
    assert method.__doc__ and ">>>" in method.__doc__, "a public method shows an example"
    assert f"url = {{{card.link}}}" in card.bibtex()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_card_has_its_evidence(card):
    """Its tests and its claim are there: tests/contracts/test_places.py says so; here, that the claim holds."""
    state = STATE[card.name]
    assert state["contract"] and state["oracle"]
    if card.row is None:
        return
    assert card.claim, "a method of the list states its claim"
    if card.tier != "experimental":
        assert state["claim"] == "holds", f"tier {card.tier!r} needs a claim that holds; it is {state['claim']!r}"


def test_every_claim_and_oracle_belongs_to_a_card():
    stems = {collected.stem_of(card) for card in CARDS}
    assert set(collected.claims()) <= stems
    assert {path.stem for path in collected.RESULTS.glob("*.json")} <= set(collected.claims())
    unknown = collected.oracle_names() - {card.name for card in CARDS}
    assert not unknown, f"oracle tests of methods that have no card: {sorted(unknown)}"


def test_rows_are_given_once():
    rows = [card.row for card in CARDS if card.row is not None]
    assert len(rows) == len(set(rows))


def test_shipped_evidence_is_current():
    assert evidence() == json.loads(json.dumps(STATE)), "run: python claims/run.py --collect"


def test_results_are_complete_and_strict_json():
    def refuse(name):
        raise ValueError(name)

    for path in sorted(collected.RESULTS.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
        if "error" not in found:
            assert {"claim", "metric", "ours", "baseline", "difference", "interval", "holds", "notes"} <= set(found)
            assert isinstance(found["holds"], bool) and len(found["interval"]) == 2


@pytest.mark.parametrize(
    "source, words",
    [
        ("raise ValueError('no such table')", "exit code 1: ValueError: no such table"),
        ("print('done')", "not strict JSON"),
        ("print('{\"difference\": NaN}')", "it holds NaN"),
    ],
)
def test_a_claim_that_breaks_does_not_hold(source, words, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "claims"))
    monkeypatch.delitem(sys.modules, "evidence", raising=False)
    spec = importlib.util.spec_from_file_location("claims_run", ROOT / "claims" / "run.py")
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    (tmp_path / "broken.py").write_text(source, encoding="utf-8")
    found = runner.run_one(tmp_path / "broken.py")
    assert found["holds"] is False and words in found["error"]
    (tmp_path / "fine.py").write_text("print('{\"holds\": true}')", encoding="utf-8")
    assert runner.run_one(tmp_path / "fine.py")["holds"] is True


def test_digest_follows_what_a_claim_runs_and_nothing_else(tmp_path):
    """A changed helper of a method changes it; words, moves and neighbours that are not reached do not."""
    digest = importlib.import_module("digest")

    def made(root, *, helper="return x + 1", doc="Adds.", neighbour="return 0", room="_how"):
        package = tmp_path / root / "src" / "ecotone" / "measure"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").write_text("")
        (package / "__init__.py").write_text(f"if TYPE_CHECKING:\n    from .{room} import method as method\n")
        (package / "_help.py").write_text(f"def helper(x):\n    {helper}\n\ndef neighbour():\n    {neighbour}\n")
        (package / f"{room}.py").write_text(
            f'from ._help import helper\n\ndef method(x):\n    """{doc}"""\n    return helper(x)\n'
        )
        claim = tmp_path / root / "claims" / "measure" / "how.py"
        claim.parent.mkdir(parents=True)
        claim.write_text("from ecotone.measure import method\n\ndef run(seeds):\n    return method(seeds)\n")
        return digest.digest(claim, tmp_path / root)

    first = made("first")
    assert made("words", doc="Adds one.") == first
    assert made("moved", room="_elsewhere") == first
    assert made("neighbour", neighbour="return 1") == first
    assert made("changed", helper="return x + 2") != first


def test_every_name_that_a_room_lists_is_there():
    import pkgutil

    import ecotone

    rooms = [importlib.import_module(m.name) for m in pkgutil.walk_packages(ecotone.__path__, "ecotone.") if m.ispkg]
    assert len(rooms) > 40
    for room in rooms:
        for name in getattr(room, "__all__", ()):
            assert getattr(room, name) is not None, f"{room.__name__}.{name}"
