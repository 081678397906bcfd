"""What claims say of themselves, how many seeds they take, and the page that shows them."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "claims"))
about = importlib.import_module("about")
digest = importlib.import_module("digest")
document = importlib.import_module("document")
evidence = importlib.import_module("evidence")

WORDS = 'ABOUT = {"headline": "It is best.", "tested": "One table."}\n'
CODE = "def run(seeds=5):\n    return seeds\n"


@pytest.mark.parametrize("path", evidence.claims().values(), ids=lambda path: path.stem)
def test_a_claim_states_its_headline_and_takes_five_seeds(path):
    assert about.about(path).headline
    runs = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef) and n.name == "run"]
    assert len(runs) == 1 and ast.literal_eval(runs[0].args.defaults[0]) >= 5


@pytest.mark.parametrize(
    "source, words",
    [
        (CODE, "needs one literal ABOUT"),
        (WORDS + "def run():\n    return ABOUT\n", "which its code does not use"),
        (WORDS.replace("It is best.", "") + CODE, "states the paper's headline"),
        (WORDS.replace('"One table."', '"One table.", "setting": "large"') + CODE, "setting is one of stand-in"),
        ("if True:\n    " + WORDS + CODE, "at the top of the file"),
    ],
)
def test_words_that_are_missing_or_used_are_refused(source, words, tmp_path):
    path = tmp_path / "how.py"
    path.write_text(source)
    with pytest.raises(ValueError, match=words):
        about.about(path)


def test_words_are_no_part_of_the_digest(tmp_path):
    found = []
    for name, words in (("a", WORDS), ("b", WORDS.replace("best", "good"))):
        path = tmp_path / f"{name}.py"
        path.write_text(words + CODE)
        found.append(digest.digest(path, tmp_path))
    assert found[0] == found[1]


FOUND = {
    "claim": "It is above.", "metric": "share", "ours": [1.0, 2.0], "baseline": [0.0, 0.5], "difference": 1.25,
    "interval": [0.5, 2.0], "holds": True, "notes": "One | two.", "date": "2026-01-02", "seconds": 3.0, "stale": False,
}  # fmt: skip


def _entry(found, **words):
    told = about.About(headline="It is best.", tested="One table.", **words)
    return document.Entry("Method", told, None, found, "python claims/how.py")


def test_the_page_shows_what_takes_weight_from_a_verdict():
    page = document.document(
        [
            _entry(FOUND, weight="both sides are one.", pilot="Chosen late.", long=True),
            _entry({**FOUND, "holds": False, "stale": True}, setting="paper's own setting"),
            _entry({"holds": False, "error": "exit code 1", "stale": False}),
            _entry(None),
        ]
    )
    rows = [line for line in page.splitlines() if line.startswith("| Method")]
    assert "| holds, *little weight*, after a pilot | 2026-01-02, 2, long | 1.5 | 0.25 | +1.25 [+0.5, +2] |" in rows[0]
    assert "| It is best. | One table. **Carries little weight**: both sides are one. | stand-in |" in rows[0]
    assert "| paper's own setting | **does not hold**, *stale* |" in rows[1]
    assert "| **does not hold** |" in rows[2] and "| exit code 1 |" in rows[2]
    assert "| not run |" in rows[3]
    assert "- **Method**: Chosen late." in page and "1 of 4" in page
    assert page.count("*Stale*: what follows is of an earlier form") == 1
    assert "of 2 intervals at 95 %, about 0 are expected" in page
    assert all(row.count("|") == len(document.COLUMNS) + 1 for row in rows)
