"""The results as a Markdown table: pages by tool, where the loss moved and where it did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stored import Results

MOVED = {"mae": 1.25, "roc_auc": -0.03}  # the loss has moved: 25 % more error, or .03 less AUC
KS = "KS/chi-square + Bonferroni"


@dataclass
class Replayed:
    """What was measured on one replay.

    Parameters
    ----------
    moved : dict
        For each period that any tool has seen, whether the loss moved.
    pages : dict
        For each tool, its answer in each period that it has seen.
    ours, peers : dict
        The records that they come from: Ecotone's by period, the others' files by tool.
    """

    name: str
    moved: dict[str, bool]
    pages: dict[str, dict[str, bool]]
    ours: dict[str, dict[str, Any]]
    peers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def count(self, tool: str, moved: bool | None = None) -> tuple[int, int]:
        """Pages and periods; of those where the loss moved, or did not, where asked for."""
        seen = [up for period, up in self.pages[tool].items() if moved in (None, self.moved[period])]
        return sum(seen), len(seen)

    def of(self, tool: str, moved: bool | None = None) -> str:
        """The same as words: ``3 of 9``."""
        return "{} of {}".format(*self.count(tool, moved))

    def among(self, tools: list[str]) -> Replayed:
        """These tools alone, on the periods that all of them have seen."""
        common = set.intersection(*(set(self.pages[tool]) for tool in tools))
        pages = {tool: {p: up for p, up in self.pages[tool].items() if p in common} for tool in tools}
        return Replayed(self.name, {p: m for p, m in self.moved.items() if p in common}, pages, {})


def _ours(records: list[dict[str, Any]]) -> dict[str, dict[str, bool]]:
    answers = {
        "Ecotone, performance (labels)": lambda r: r["performance"],
        "Ecotone, performance (no labels)": lambda r: r["performance_blind"],
        "Ecotone, no labels: alarm or unknown": lambda r: r["performance_blind"] or r["unknown"],
        "Ecotone, material": lambda r: r["material"],
        "Ecotone, changed": lambda r: r["changed"],
        KS: lambda r: r["ks_bonferroni"],
    }
    return {tool: {r["period"]: bool(answer(r)) for r in records} for tool, answer in answers.items()}


def _worse_only(metric: str, said: dict[str, Any]) -> dict[str, dict[str, bool]]:
    """NannyML alerts on either side of its limits: its pages for more loss alone, where they are fewer."""
    pages: dict[str, dict[str, bool]] = {}
    for period, seen in said["periods"].items():
        for how, figures in seen.get("figures", {}).items():
            for labels in ("labels", "no labels"):
                value, lower, upper = figures[labels]
                worse = value < lower if metric == "roc_auc" else value > upper
                pages.setdefault(f"{how}, performance ({labels})", {})[period] = worse
    return {f"{tool}, worse only": worse for tool, worse in pages.items() if worse != said["pages"][tool]}


def load(results: Results) -> dict[str, Replayed]:
    """Every replay that has records."""
    found = {}
    for name in (name for name in results.names() if not name.startswith("peer_")):
        first, *records = results.records(name)
        base, metric = first["realised"], first["metric"]
        losses = {r["period"]: r["realised"] for r in records}
        pages, peers = _ours(records), {}
        for peer in results.names(f"peer_*_{name}"):
            said = results.value(peer)
            peers[peer.removeprefix("peer_").removesuffix(f"_{name}")] = said
            losses |= {period: seen["loss"] for period, seen in said["periods"].items()}
            pages |= said["pages"]
            pages |= _worse_only(metric, said)
        bar = MOVED[metric]
        moved = {p: x > base * bar if metric == "mae" else x < base + bar for p, x in sorted(losses.items())}
        found[name] = Replayed(name, moved, pages, {r["period"]: r for r in records}, peers)
    return found


def table(results: Results) -> str:
    """One line for each replay and tool, each on the periods that it has seen."""
    lines = [
        "| replay | tool | pages | periods | of those where the loss moved | of those where it did not |",
        "|---|---|---|---|---|---|",
    ]
    for name, replay in load(results).items():
        for tool in replay.pages:
            up, n = replay.count(tool)
            lines.append(f"| {name} | {tool} | {up} | {n} | {replay.of(tool, True)} | {replay.of(tool, False)} |")
    return "\n".join(lines)
