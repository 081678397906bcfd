"""What a claim says of itself: a literal ``ABOUT = {...}`` in its file, read without running it.

It is words and no code, so that it is left out of the digest of what a claim runs.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Setting = Literal["stand-in", "paper's own setting"]


@dataclass(frozen=True, kw_only=True)
class About:
    """What a paper says, and what of it is tested here.

    Parameters
    ----------
    headline : str
        What the paper says of itself, in our words.
    tested : str
        What is tested here, and why it is narrower.
    setting : {"stand-in", "paper's own setting"}
        Whether the data and the task are the paper's.
    pilot : str
        What had been seen before the design was fixed; empty where nothing had.
    weight : str
        Why the verdict carries little weight; empty where it carries its full one.
    long : bool
        Whether it takes more than some eight minutes of one core: ``make claims-long`` runs it.
    """

    headline: str
    tested: str
    setting: Setting = "stand-in"
    pilot: str = ""
    weight: str = ""
    long: bool = False

    def __post_init__(self) -> None:
        if not self.headline or not self.tested:
            raise ValueError("a claim states the paper's headline and what is tested here")
        if self.setting not in get_args(Setting):
            raise ValueError(f"setting is one of {', '.join(get_args(Setting))}, got {self.setting!r}")


def about(path: Path) -> About:
    """The literal in a claim's file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "ABOUT"]
    if len(uses) != 1:
        raise ValueError(f"{path.name} needs one literal ABOUT = {{...}}, which its code does not use")
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0] is uses[0]:
            return About(**ast.literal_eval(node.value))
    raise ValueError(f"{path.name}: ABOUT must be a literal at the top of the file")
