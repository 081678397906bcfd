"""What a check found, drawn: the HTML page and its sections, the terminal, plots and the words they share."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._markup import name as name
    from ._notebook import html_summary as html_summary
    from ._page import html_report as html_report
    from ._plot_data import pictures as pictures
    from ._plot_data_of_counts import counted_pictures as counted_pictures
    from ._svg import Scale as Scale
    from ._svg import tick_labels as tick_labels
    from ._svg_signs import regions as regions
    from ._templates import page as page
    from ._templates import render as render
    from ._terminal import text_report as text_report

__getattr__, __dir__ = attach(__name__, __file__)
