"""Places of a source file that can be broken, and the source with one of them broken.

Only what a method computes is touched: bodies of functions, without docstrings, annotations, defaults, messages,
``raise``, the conditions that guard one, and calls that only check what was given. The whole file is written again
from its tree; comments are lost in the copy, which nobody reads.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_PAIRS = (
    "min max", "minimum maximum", "floor ceil", "argmin argmax", "any all", "sum mean", "zeros_like ones_like",
    "zeros ones", "cdf sf", "logcdf logsf", "logical_and logical_or", "cumsum cumprod", "var std", "amin amax",
    "median mean", "argsort sort", "exp expm1", "log log1p", "nanmin nanmax", "left right", "fmin fmax",
)  # fmt: skip
CONVERSIONS = {"asarray", "as_tensor", "float", "int", "bool", "list", "tuple", "array", "cast", "restore", "as_floats"}
READING = {"validate_data", "check_is_fitted", "check_array", "check_random_state", "isinstance", "warn"}
SETTINGS = {"dtype", "copy", "strict", "stacklevel", "device", "keepdims", "ids", "message", "name"}
NAMES = {a: b for pair in _PAIRS for a, b in (pair.split(), pair.split()[::-1])} | {"mean": "sum", "sum": "mean"}


@dataclass(frozen=True)
class Site:
    """One way to break one place.

    Parameters
    ----------
    function : str
        Where it is, such as ``"Conformal.fit"``.
    line : int
    before, after : str
        The expression as it is and as it would be.
    index, variant : int
        Which node of the file in the order of a walk, and which of its mutations.
    """

    function: str
    line: int
    before: str
    after: str
    index: int
    variant: int

    @property
    def key(self) -> str:
        """What stays when other lines move."""
        return f"{self.function}: {self.before} -> {self.after}"


def sites(source: str) -> list[Site]:
    """All places of a file that can be broken, each with every way to break it."""
    tree, found = ast.parse(source), []
    order = {id(node): i for i, node in enumerate(ast.walk(tree))}
    for function, node in _core(tree, ()):
        for variant, change in enumerate(_changes(node)):
            broken = change()
            before, after = ast.unparse(node), ast.unparse(ast.fix_missing_locations(broken))
            if before != after:
                line = getattr(node, "lineno", 0)
                found.append(Site(function, line, _short(before), _short(after), order[id(node)], variant))
    return found


def broken(source: str, site: Site) -> str:
    """The file's source with one place broken."""
    tree = ast.parse(source)
    target = list(ast.walk(tree))[site.index]
    new = list(_changes(target))[site.variant]()

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is target else self.generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Replace().visit(tree))) + "\n"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else line[:87] + "..."


def _core(node: ast.AST, inside: tuple[str, ...]) -> Iterator[tuple[str, ast.AST]]:
    """Nodes that compute, with the function that they are in."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name in ("__repr__", "__sklearn_tags__", "_settings_error"):
            return
        inside = (*inside, node.name)
        children: list[ast.AST] = list(node.body)
    elif _is_no_arithmetic(node):
        return
    elif _is_guard(node):
        children = list(getattr(node, "orelse", ()))
    elif isinstance(node, ast.AnnAssign):
        children = [node.value] if node.value and inside else []
    else:
        children = list(ast.iter_child_nodes(node))
    in_function = bool(inside) and not isinstance(node, ast.ClassDef)
    if in_function and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield ".".join(inside), node
    for child in children:
        outside = not inside and not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if not outside and not (isinstance(node, ast.ClassDef) and not isinstance(child, ast.FunctionDef)):
            yield from _core(child, inside)


def _is_no_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _called(node) in READING
    return _is_text(node) or isinstance(node, ast.Raise | ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom)


def _is_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and all(isinstance(part, ast.Raise) for part in node.body)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _changes(node: ast.AST) -> Iterator[Callable[[], ast.AST]]:
    """Ways to break a node, each a function that makes the broken copy."""
    if isinstance(node, ast.Compare):
        yield from (_put(node, ops=[new(), *node.ops[1:]]) for new in COMPARISONS.get(type(node.ops[0]), ()))
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS and not _has_text(node):
        yield _put(node, op=OPERATORS[type(node.op)]())
    elif isinstance(node, ast.UnaryOp):
        yield lambda: copy.deepcopy(node.operand)
    elif isinstance(node, ast.BoolOp):
        yield _put(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.Constant):
        yield from (_put(node, value=value) for value in _constants(node.value))
    elif isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield _put(node, id=NAMES[node.id])
    elif isinstance(node, ast.Attribute) and node.attr in NAMES and isinstance(node.ctx, ast.Load):
        yield _put(node, attr=NAMES[node.attr])
    elif isinstance(node, ast.Slice):
        yield from _slices(node)
    elif isinstance(node, ast.IfExp):
        yield lambda: copy.deepcopy(node.orelse)
        yield lambda: copy.deepcopy(node.body)
    elif isinstance(node, ast.If) and not node.orelse and not _is_guard(node):
        yield _put(node, test=ast.Constant(False))
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call) and node.value.args:
        if _called(node.value) not in CONVERSIONS:
            yield _put(node, value=node.value.args[0])
    elif isinstance(node, ast.Call):
        for word in node.keywords:
            if word.arg and word.arg not in SETTINGS:
                yield _put(node, keywords=[other for other in node.keywords if other is not word])


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _constants(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (1 - value,) if value in (0, 1) else (value + 1, value - 1)
    if isinstance(value, float):
        return (1.0,) if value == 0 else (2 * value,)
    return (NAMES[value],) if value in ("left", "right") else ()


def _slices(node: ast.Slice) -> Iterator[Callable[[], ast.AST]]:
    one = ast.Constant(1)
    if node.lower is not None:
        yield _put(node, lower=ast.BinOp(node.lower, ast.Add(), one))
    if node.upper is not None:
        yield _put(node, upper=ast.BinOp(node.upper, ast.Sub(), one))


def _has_text(node: ast.BinOp | ast.AugAssign) -> bool:
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in ast.walk(node)
    )


def _put(node: ast.AST, **fields: object) -> Callable[[], ast.AST]:
    def make() -> ast.AST:
        new = copy.copy(node)
        for name, value in fields.items():
            setattr(new, name, value)
        return copy.deepcopy(new)

    return make
