"""Options of the command line: each belongs to an argument of what its command calls, and is described once."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import ecotone.cli
from ecotone.checkup import check
from ecotone.checkup.outside import detect_outliers
from ecotone.cli._main import _command
from ecotone.data import profile
from ecotone.learn import TableModel, Training

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = _command().commands

# For each command what it calls, and the arguments that are no option of their own name, with the reason.
CALLED = {
    "check": [(check, {"progress": "the terminal's own bar"})],
    "detect": [
        (
            detect_outliers,
            {
                "live": "--data", "scores": "--score and --all", "held_out": "whether --calibration is given",
                "explain": "what the page shows", "names": "the files' own", "classes": "the data's own",
                "columns": "the table's own", "progress": "the terminal's own bar",
            },
        )
    ],
    "fit": [
        (
            Training,
            {
                "batch_size": "chosen for tables", "learning_rate": "chosen for tables", "warmup": "chosen for tables",
                "weight_decay": "chosen for tables", "ema": "chosen for tables", "patience": "chosen for tables",
                "max_grad_norm": "chosen for tables", "validation_fraction": "chosen for tables",
                "eval_every": "follows --steps", "max_minutes": "--minutes", "precision": "the machine's fastest",
                "optimizer": "chosen for tables", "checkpoint": "beside the output",
                "progress": "the terminal's own bar", "callbacks": "for Python",
            },
        )
    ],
    "sample": [(TableModel.sample, {"self": "MODEL", "batch_size": "only memory"})],
    "score": [(TableModel.log_prob, {"self": "MODEL", "x": "SOURCE", "given": "all columns are asked", "of": "all"})],
    "impute": [(TableModel.impute, {"self": "MODEL", "X": "SOURCE"})],
    "profile": [
        (
            profile,
            {
                "rows": "--no-rows", "name": "the file's own", "columns": "all", "reservoir": "for 2 MB at most",
                "progress": "the terminal's own",
            },
        )
    ],
}  # fmt: skip


def parameters(command: str) -> dict:
    return {p.name: p for p in COMMANDS[command].params}


@pytest.mark.parametrize("command", CALLED)
def test_every_argument_of_what_is_called_has_an_option(command):
    for called, others in CALLED[command]:
        arguments = set(inspect.signature(called).parameters)
        lacking = arguments - set(parameters(command)) - set(others)
        assert not lacking, f"ecotone {command} has no option for {sorted(lacking)}; add it, or say here why not"
        gone = set(others) - arguments
        assert not gone, f"{called.__qualname__} has no {sorted(gone)} any more; take it off this list"


def test_the_defaults_of_check_are_the_same_at_both_doors():
    options, arguments = parameters("check"), inspect.signature(check).parameters
    shared = [name for name in arguments if name in options and arguments[name].default is not inspect.Parameter.empty]
    assert len(shared) > 20
    for name in shared:
        assert (options[name].default or None) == (arguments[name].default or None), name


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_described_in_the_guide(command):
    guide = "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md")))
    for option in COMMANDS[command].params:
        if option.param_type_name == "option":
            said = any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", guide) for name in option.opts)
            assert said, f"docs say nothing of ecotone {command} {max(option.opts, key=len)}; describe it in docs/guide"


def test_the_words_of_an_option_stand_once():
    seen: dict[str, str] = {}
    for path in sorted(Path(ecotone.cli.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Constant):
                here = f"{path.name}:{node.value.lineno}"
                assert node.value.value not in seen, f"{here} repeats {seen[node.value.value]}: share it in _options.py"
                seen[node.value.value] = here
    assert len(seen) > 40
