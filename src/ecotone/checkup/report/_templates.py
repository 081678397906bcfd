"""Pages made from templates. Whatever a template shows is made plain and escaped there, not by its author."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ecotone.checkup.words import number, percent, plain, precise

from ._markup import name, names, p
from ._svg_signs import swatch

OWN = "ecotone.checkup.report"


def render(template: str, *, package: str = OWN, **values: Any) -> Markup:
    """A template of a package's ``templates`` with its values.

    Parameters
    ----------
    template : str
        Its place in that folder.
    package : str
        Whose folder; what it lacks is looked for in this one's.
    values
        What it shows. Text is made plain (:func:`plain`) and escaped; only ``Markup`` stands as it is.
    """
    return Markup(_environment(package).get_template(template).render(**values))


def page(template: str, more_style: str = "", **values: Any) -> str:
    """A whole page, with the style sheet in it."""
    style = resources.files("ecotone.checkup").joinpath("_report.css").read_text(encoding="utf-8")
    return str(render(template, style=Markup(style + more_style), **values)) + "\n"


@cache
def _environment(package: str) -> Environment:
    loader = ChoiceLoader([PackageLoader(p) for p in dict.fromkeys((package, OWN))])
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_shown, auto_reload=False,
    )  # fmt: skip
    made.filters.update(
        clip=plain, leading_capital=leading_capital, number=number, percent=percent, precise=precise, spec=format
    )
    made.globals.update(name=name, names=names, p=p, swatch=swatch)
    return made


def _shown(value: Any) -> Any:
    """Markup as it is; of any other value one line in which nothing hides. The environment escapes it then."""
    return value if hasattr(value, "__html__") else plain(value)


def leading_capital(words: str) -> str:
    """The same words at the start of a sentence."""
    return words[:1].upper() + words[1:]
