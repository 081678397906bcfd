"""Draw the house: docs/house.md, rooms in the order of the layers and the imports between them, from the code.

python docs/house.py            writes the page
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
SOURCE = ROOT / "src" / "ecotone"
PAGE = DOCS / "house.md"
# Pixels of the drawing, which a phone shows at nearly its own size: three boxes in a row, beside them the lanes
COLUMNS, BOX, TALL, GAP, HEAD, LANE = 3, 97, 32, 4, 22, 14
WIDE = COLUMNS * (BOX + GAP) + GAP
TEXT = """# The house

Made from the code by `python docs/house.py`; do not edit. `make docs` makes it anew.

Rooms are sub-packages, in the order of the layers: imports go down only. A line comes out of every room that imports,
runs down the lane of the room that it imports from, and ends there in an arrow. In each box: files · lines. What stands
on the ground ({ground}) is imported everywhere and has no lane; `__init__.py` and `__main__.py` of the package only
point to rooms.

{drawing}

## The same in words

Numbers in brackets count imported names.

| room | files | lines | imports from |
|---|---|---|---|
{rows}
"""


@dataclass
class House:
    """What the sources hold: files and lines by room, names imported by (room, room)."""

    files: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    imports: Counter[tuple[str, str]] = field(default_factory=Counter)


def layers() -> list[list[str]]:
    """Top rooms by layer, the highest first, as the contract of the layers names them."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    named = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    floors = [[room.strip(" ()").removeprefix("ecotone.") for room in floor.split("|")] for floor in named]
    return [[r for r in floor if (SOURCE / r).is_dir() or (SOURCE / f"{r}.py").exists()] for floor in floors]


def surveyed() -> House:
    """Every source file read once."""
    house = House()
    for path in sorted(SOURCE.rglob("*.py")):
        room, text = room_of(path), path.read_text(encoding="utf-8")
        house.files[room] += 1
        house.lines[room] += len(text.splitlines())
        for target in imported(path, ast.parse(text)):
            if room_of(target) != room:
                house.imports[room, room_of(target)] += 1
    return house


def room_of(path: Path) -> str:
    """``compare/two_sample`` for what lies there or deeper; ``compare`` for a file of its own; else the file's name."""
    parts = path.relative_to(SOURCE).parts
    return path.stem if len(parts) == 1 else "/".join(parts[:-1][:2])


def imported(path: Path, tree: ast.Module) -> Iterator[Path]:
    """The project's file behind every imported name, wherever in the file the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1] if node.level else SOURCE.parent
            for name in node.names:
                parts = (node.module or "").split(".") if node.module else []
                yield from _file(folder.joinpath(*parts, name.name)) or _file(folder.joinpath(*parts))
        elif isinstance(node, ast.Import):
            for name in node.names:
                yield from _file(SOURCE.parent.joinpath(*name.name.split(".")))


def _file(place: Path) -> list[Path]:
    files = [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]
    return [file for file in files if file.is_relative_to(SOURCE)][:1]


def top(room: str) -> str:
    return room.split("/")[0]


def page() -> str:
    """The whole page."""
    house, floors = surveyed(), layers()
    *upper, ground = floors
    order = [room for floor in floors for room in floor]
    rooms = sorted((r for r in house.files if top(r) in order), key=lambda r: (order.index(top(r)), r))
    rows = [f"| `{r}` | {house.files[r]} | {house.lines[r]:,} | {_from(house, r, rooms)} |" for r in rooms]
    said = ", ".join(f"`{room}`" for room in ground)
    return TEXT.format(ground=said, drawing=drawing(house, upper, ground), rows="\n".join(rows))


def _from(house: House, room: str, rooms: list[str]) -> str:
    found = [(r, house.imports[room, r]) for r in rooms if house.imports[room, r]]
    return ", ".join(f"{r} ({count})" for r, count in found)


def drawing(house: House, upper: list[list[str]], ground: list[str]) -> str:
    """The picture as SVG, in the page's own colours."""
    marks: list[str] = []
    middle: dict[str, tuple[float, float]] = {}  # where a room's lines leave, and where arrows enter
    y = GAP
    for floor in upper:
        for room in floor:
            tall = _room(marks, house, room, y)
            middle[room] = (y + 2 * HEAD / 3, y + HEAD / 3)
            y += tall + GAP
        y += 2 * GAP
    _ground(marks, house, ground, y)
    order = [room for floor in upper for room in floor]
    _lanes(marks, house, order, middle)
    size = f"0 0 {WIDE + LANE * len(order) + GAP} {y + HEAD + TALL + GAP}"
    style = "max-width:35rem;width:100%;height:auto;display:block;margin:auto;font-family:inherit;color:inherit"
    title = "<title>Rooms of the package in the order of the layers, and imports between them</title>"
    return "\n".join(["<div>", f'<svg viewBox="{size}" role="img" style="{style}">', title, *marks, "</svg>", "</div>"])


def _room(marks: list[str], house: House, room: str, y: float) -> float:
    """A room with a box for each sub-package; returns its height."""
    inner = sorted(r for r in house.files if r.startswith(f"{room}/"))
    height = HEAD + (TALL + GAP) * -(-len(inner) // COLUMNS)
    files, lines = (sum(n for r, n in counts.items() if top(r) == room) for counts in (house.files, house.lines))
    marks.append(_rect(GAP, y, WIDE - GAP, height, 0.07))
    marks.append(_words(2 * GAP, y + 15, f"{room}", 13, weight="bold"))
    marks.append(_words(WIDE - GAP, y + 15, f"{files} · {lines:,}", 11, anchor="end"))
    for i, name in enumerate(inner):
        x, top_edge = 2 * GAP + (i % COLUMNS) * (BOX + GAP), y + HEAD + (i // COLUMNS) * (TALL + GAP)
        marks.append(_rect(x, top_edge, BOX - GAP, TALL, 0.1))
        marks.append(_words(x + GAP, top_edge + 13, name.split("/")[1], 11))
        marks.append(_words(x + GAP, top_edge + 26, f"{house.files[name]} · {house.lines[name]:,}", 10))
    return height


def _ground(marks: list[str], house: House, ground: list[str], y: float) -> None:
    marks.append(_rect(GAP, y, WIDE - GAP, HEAD + TALL, 0.07))
    marks.append(_words(2 * GAP, y + 15, "the ground", 13, weight="bold"))
    for i, room in enumerate(ground):
        x = 2 * GAP + i * (BOX + GAP)
        marks.append(_words(x, y + 34, room, 11))
        marks.append(_words(x, y + 47, f"{house.files[room]} · {house.lines[room]:,}", 10))


def _lanes(marks: list[str], house: House, order: list[str], middle: dict[str, tuple[float, float]]) -> None:
    """For each room that others import from a lane, from the highest of them down to an arrow into it."""
    between: Counter[tuple[str, str]] = Counter()
    for (a, b), count in house.imports.items():
        between[top(a), top(b)] += count
    for i, target in enumerate(order):
        x, arrow = WIDE + LANE * (len(order) - i), middle[target][1]
        sources = [room for room in order if room != target and between[room, target]]
        for source in sources:
            leaves = middle[source][0]
            marks.append(_line(f"M{WIDE} {leaves:.1f}H{x}V{arrow:.1f}H{WIDE + 5}", f"{source} imports from {target}"))
            marks.append(f'<circle cx="{x}" cy="{leaves:.1f}" r="2.6" fill="currentColor"/>')
        if sources:
            marks.append(f'<path d="M{WIDE} {arrow:.1f}l7 -3.5v7z" fill="currentColor"/>')


def _line(path: str, title: str) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1" stroke-opacity=".75">'
        f"<title>{title}</title></path>"
    )


def _rect(x: float, y: float, wide: float, tall: float, shade: float) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{wide}" height="{tall}" rx="3" fill="currentColor" fill-opacity="{shade}" '
        'stroke="currentColor" stroke-opacity=".35"/>'
    )


def _words(x: float, y: float, text: str, size: int, weight: str = "normal", anchor: str = "start") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="currentColor">{text}</text>'
    )


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
