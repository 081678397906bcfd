"""Write this folder's README from the results: python benchmarks/replay/write.py"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from stored import Results
from table import KS, Replayed, load, table

LABELS, BLIND = "Ecotone, performance (labels)", "Ecotone, performance (no labels)"
NML_LABELS, NML_BLIND = "NannyML, performance (labels)", "NannyML, performance (no labels)"
NML_DRIFT, WEEK_DRIFT = "NannyML, drift of any column", "NannyML by week, drift of any column"
UNITS = {"bikeshare": "weeks", "flights": "weeks", "employment": "draws"}
TEXT = """# Replay: when would each tool have paged?

Real weeks and years one after another, each against a reference period, beside the realised loss of a model trained
before both. Bikeshare: hourly rides of Capital Bikeshare, model and reference of 2011, weeks from 2012 on. Flights:
late arrivals in New York, model and reference of January and February 2013, then weeks. Employment: the published model
on the US census in Massachusetts, reference 2015, then draws of 5 000 rows of 2016 to 2018.

```
python benchmarks/replay/run.py            # goes on where it stopped; every eighth period first
python benchmarks/replay/run.py --table
python benchmarks/replay/write.py          # this page
```

{about}

{table}

{measured}

{held}

{bullets}
"""


ABOUT = """The loss has moved where the mean absolute error is 25 % above the reference's, or the AUC .03 below it.
Each tool is counted on the periods that it has seen. {versions} at their defaults, on the feature columns; see
[peers.py](peers.py) for what counts as a page and how to set them up. NannyML takes the period as one chunk and cuts
the reference into chunks of as many rows, or "by week" into calendar weeks ({chunks}; its documentation calls six the
minimum). Its alerts go off on either side; "worse only" leaves out those for a better model, where there were any."""


def of(replays: dict[str, Replayed], tool: str, moved: bool | None = None) -> str:
    """Pages and periods over several replays."""
    counts = [r.count(tool, moved) for r in replays.values() if tool in r.pages]
    return "{} of {}".format(*map(sum, zip(*counts)))


def versions(replays: dict[str, Replayed]) -> str:
    names = {"evidently": "Evidently", "nannyml": "NannyML"}
    found = {f"{names[tool]} {said['version']}" for r in replays.values() for tool, said in r.peers.items()}
    return " and ".join(sorted(found))


def chunks(replays: dict[str, Replayed]) -> str:
    """How many chunks NannyML's limits rest on."""
    said = []
    for name, replay in replays.items():
        seen = replay.peers["nannyml"]["periods"].values()
        numbers = sorted({p["figures"]["NannyML"]["reference_chunks"] for p in seen})
        weeks = {p["figures"]["NannyML by week"]["reference_chunks"] for p in seen if len(p["figures"]) > 1}
        spread = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        said.append(f"{spread} for {name}" + "".join(f" and {n} by week" for n in sorted(weeks)))
    return ", ".join(said)


def measured(replays: dict[str, Replayed]) -> str:
    """How much of the whole each tool has seen; the whole is what any of them has."""
    parts = []
    for name, replay in replays.items():
        groups = {"Ecotone": replay.pages[LABELS], "Evidently": replay.pages["Evidently, any column"],
                  "NannyML": replay.pages[NML_DRIFT]}  # fmt: skip
        seen = ", ".join(f"{tool} {len(pages)}" for tool, pages in groups.items())
        parts.append(f"of {len(replay.moved)} {UNITS[name]} of {name} {seen}")
    complete = all(len(r.pages[tool]) == len(r.moved) for r in replays.values() for tool in r.pages)
    note = "" if complete else " Where a tool has seen fewer, they are spread over the whole time."
    return f"Measured: {'; '.join(parts)}.{note}"


def worse_only(replay: Replayed) -> str:
    """NannyML's pages for more loss alone; the same as all of them where no line says otherwise."""
    worse = f"{NML_LABELS}, worse only"
    return worse if worse in replay.pages else NML_LABELS


def held(replays: dict[str, Replayed]) -> str:
    """The headline: pages on performance where the loss had held, and without labels where it had moved."""
    worse = sum(r.count(worse_only(r), False)[0] for r in replays.values())
    return (
        "Pages on performance where the loss had held, over all replays: with labels Ecotone "
        f"{of(replays, LABELS, False)} and NannyML {of(replays, NML_LABELS, False)} ({worse} of these for a higher "
        f"loss), without labels {of(replays, BLIND, False)} and {of(replays, NML_BLIND, False)}. Without labels where "
        "it had moved: "
        f"{of(replays, BLIND, True)} and {of(replays, NML_BLIND, True)}."
    )


def unknown(replay: Replayed) -> str:
    return f"{sum(r['unknown'] for r in replay.ours.values())} of {len(replay.ours)}"


def employment(replay: Replayed) -> str:
    up = replay.of
    return (
        f"* Employment: the drift is real and benign; the model's AUC fell by more than .03 in "
        f"{sum(replay.moved.values())} of {len(replay.moved)} draws. The usual recipe pages in {up(KS)}, NannyML's "
        f"univariate drift in {up(NML_DRIFT)}, Evidently in {up('Evidently, any column')}, `changed` in "
        f"{up('Ecotone, changed')}; `material` in {up('Ecotone, material')}, `performance` in {up(LABELS)}, and "
        f"NannyML's performance in {up(NML_LABELS)} with labels, {up(NML_BLIND)} without."
    )


def flights(replay: Replayed) -> str:
    worse = worse_only(replay)
    both = replay.among([LABELS, NML_LABELS, worse])
    return (
        f"* Flights: the AUC fell by more than .03 in {sum(replay.moved.values())} of {len(replay.moved)} weeks. On "
        f"the {len(both.moved)} that both have seen, `performance` with labels pages in {both.of(LABELS, True)} of "
        f"those and in {both.of(LABELS, False)} of the others; NannyML's in {both.of(worse, True)} and "
        f"{both.of(worse, False)} for a worse AUC, and in {both.of(NML_LABELS, False)} of the others for either side. "
        f"Its limits hang on how the reference is cut: by week it pages in "
        f"{replay.of('NannyML by week, performance (labels)')}. A week has few days, and flights of one day hang "
        "together: `performance` counts blocks and not rows, and one week rarely settles .03 of an AUC. Without labels "
        f"they page in {replay.of(BLIND)} and {replay.of(NML_BLIND)}; Ecotone's answer is `unknown` in "
        f"{unknown(replay)} weeks."
    )


def bikeshare(replay: Replayed) -> str:
    periods = replay.peers["nannyml"]["periods"].values()
    estimate = median(p["figures"]["NannyML"]["no labels"][0] for p in periods)
    loss = median(p["loss"] for p in periods)
    confident = sum(not r["unknown"] for r in replay.ours.values())
    return (
        "* Bikeshare: the system grew, and the error of the model of 2011 was more than a quarter above the "
        f"reference's in {sum(replay.moved.values())} of {len(replay.moved)} weeks. With labels `performance` pages in "
        f"{replay.of(LABELS, True)} of those that it has seen, NannyML in {replay.of(NML_LABELS, True)}. Without them "
        f"they page in {replay.of(BLIND)} and {replay.of(NML_BLIND)}: the growth is a change of p(y|x), which no "
        f"label-free method can see. NannyML estimates a mean error of {estimate:.0f} rides (median week) where "
        f"{loss:.0f} were realised; Ecotone's answer is `unknown` in {unknown(replay)} weeks instead of an all-clear, "
        f"and a confident estimate in {confident}."
    )


def season(replays: dict[str, Replayed]) -> str:
    weeks = {name: replays[name] for name in ("bikeshare", "flights")}
    a, b = replays["flights"].of, replays["bikeshare"].of
    return (
        f"* A week against a season: `material` fires in {of(weeks, 'Ecotone, material')} weeks and `changed` in "
        f"{of(weeks, 'Ecotone, changed')}, because weather and season differ; the usual recipe in {of(weeks, KS)}, and "
        f"Evidently in {of(weeks, 'Evidently, any column')} for any column and {of(weeks, 'Evidently, dataset')} for "
        f"the dataset. NannyML's univariate drift fires in {a(NML_DRIFT)} of flights and {b(NML_DRIFT)} of bikeshare, "
        f"where its limits come from reference weeks of all months ({a(WEEK_DRIFT)} and {b(WEEK_DRIFT)} by week). For "
        "a model in use, gate on `--fail-on performance`."
    )


def wrapped(text: str) -> str:
    """Lines of 120 characters, bullets indented."""
    return textwrap.fill(text, 120, subsequent_indent="  " if text.startswith("* ") else "", break_on_hyphens=False)


def page() -> str:
    """The page's text."""
    replays = load(Results(HERE))
    bullets = [employment(replays["employment"]), flights(replays["flights"]), bikeshare(replays["bikeshare"])]
    return TEXT.format(
        about=wrapped(ABOUT.format(versions=versions(replays), chunks=chunks(replays))),
        table=table(Results(HERE)),
        measured=wrapped(measured(replays)),
        held=wrapped(held(replays)),
        bullets="\n".join(map(wrapped, [*bullets, season(replays)])),
    )


if __name__ == "__main__":
    (HERE / "README.md").write_text(page())
