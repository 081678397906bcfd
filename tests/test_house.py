"""The house itself: sizes of files and functions."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

SOURCES = Path(__file__).parent.parent / "src" / "ecotone"
MOST_LINES = 250
MOST_BODY = 40
MEDIAN_BODY = 6

# What is still too long, with its lines: an entry goes when its function or file has been mended.
LONG_BODIES = {
    "checkup/rows/_rows.py:rows_outside": 53,
    "checkup/performance/_performance.py:performance": 49,
    "checkup/performance/_attribution.py:attribute": 47,
}
LONG_FILES = {"checkup/report/_format.py": 271}

FILES = {str(path.relative_to(SOURCES)): path.read_text(encoding="utf-8") for path in sorted(SOURCES.rglob("*.py"))}
TREES = {name: ast.parse(text) for name, text in FILES.items()}


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
    long = {name: lines for name, text in FILES.items() if (lines := text.count("\n")) > MOST_LINES}
    assert long == LONG_FILES, f"a file has at most {MOST_LINES} lines; give one of its ideas a file of its own"
