"""The house itself: sizes of files and functions, circles of modules, imports past a room's list, and types."""

import ast
from collections.abc import Iterator
from statistics import median

from module_graph import TEXTS, TREES, circles, graph, private_imports

MOST_LINES = 250
MOST_BODY = 40
MEDIAN_BODY = 6

# What is still too long, with its lines: an entry goes when its function or file has been mended.
LONG_BODIES: dict[str, int] = {}
LONG_FILES: dict[str, int] = {}
# The torch object that a distribution gives asks whether that distribution is reparameterised, which is a kind of it.
CIRCLES = [["ecotone.learn._as_torch", "ecotone.learn._distribution"]]

# Imports of another room's private modules. The numbers may only fall: lower them when they have.
PRIVATE_IMPORTS = {"checkup": 16, "cli": 3, "compare": 7, "data": 3, "decide": 1, "detect": 2, "learn": 11}

# What a parameter of this name is. A network of data/activations may be of any library, and what claims rest on gets
# its types when they are run anew: a type in a signature is part of the code that a claim's result names.
PROTOCOLS = {
    "classifier": "Classifier", "denoiser": "Denoiser", "detector": "Detector", "model": "Predictor",
    "network": "Network", "process": "Process", "sampler": "Sampler", "schedule": "Schedule", "scorer": "Scorer",
}  # fmt: skip
UNTYPED = {"cli": 2, "data": 16, "decide": 4, "detect": 1, "learn": 25}


def bodies() -> Iterator[tuple[str, int]]:
    """Each function's place and the lines of its body, without its docstring."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                yield f"{name}:{node.name}", body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_no_function_is_long():
    long = {place: lines for place, lines in bodies() if lines > MOST_BODY}
    assert long == LONG_BODIES, f"a body has at most {MOST_BODY} lines; take an idea of it out, or take it off the list"


def test_half_of_all_functions_fit_into_six_lines():
    assert median(lines for _, lines in bodies()) <= MEDIAN_BODY


def test_no_file_is_long():
    long = {name: lines for name, text in TEXTS.items() if (lines := text.count("\n")) > MOST_LINES}
    assert long == LONG_FILES, f"a file has at most {MOST_LINES} lines; give one of its ideas a file of its own"


def test_no_modules_import_each_other_in_a_circle():
    assert circles(graph()) == CIRCLES, "take what both need into a file of its own, or take the circle off the list"


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_rooms_import_each_others_public_names():
    found = private_imports()
    for room in sorted(found.keys() | PRIVATE_IMPORTS):
        now, allowed = found.get(room, []), PRIVATE_IMPORTS.get(room, 0)
        listed = "".join(f"\n  {place}" for place in now)
        assert len(now) <= allowed, (
            f"{room} imports private modules of other rooms {len(now)} times, and {allowed} are allowed: import a name "
            f"that the other room lists in its __init__.py, or list it there with a docstring{listed}"
        )
        assert len(now) == allowed, f"only {len(now)} are left in {room}: lower its number in PRIVATE_IMPORTS"


def untyped() -> dict[str, list[str]]:
    """For each top room, public functions' parameters that are ``Any`` though their name has a protocol."""
    found: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (node.name[0] != "_" or node.name in ("__init__", "__call__")):
                for part in (*node.args.args, *node.args.kwonlyargs):
                    if part.arg in PROTOCOLS and "Any" in ast.unparse(part.annotation or ast.Constant("")).split(" | "):
                        place = f"{module}:{part.lineno} {part.arg}: {PROTOCOLS[part.arg]}"
                        found.setdefault(module.split(".")[1], []).append(place)
    return found


def test_parameters_have_the_protocol_that_there_is():
    found = untyped()
    for room in sorted(found.keys() | UNTYPED):
        now, allowed = found.get(room, []), UNTYPED.get(room, 0)
        listed = "".join(f"\n  {place}" for place in now)
        assert len(now) <= allowed, f"parameters of {room} are Any where a protocol fits, {allowed} may be:{listed}"
        assert len(now) == allowed, f"only {len(now)} are left in {room}: lower its number in UNTYPED"
