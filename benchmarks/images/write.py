"""README.md of the images, and the pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pictures import Images
from PIL import Image, ImageDraw, ImageFont
from stored import Results

HERE = Path(__file__).parent
PICTURES = HERE.parents[1] / "docs" / "pictures"
TITLES = {"fashion": "Fashion-MNIST", "mnist": "MNIST", "cifar": "CIFAR-10 (JPEG)"}
KINDS = {"edm": "EDM", "flow": "FlowMatching"}
EACH, SIDE, MARGIN = 3, 56, 112  # generated rows of each model; pixels of an image; for the words at the left
SHOWN_REAL = ("fashion",)  # its licence is stated (MIT); of the others no image is passed on


def picture(about: str, kept: Path, data: Images) -> Path | None:
    """Ten columns of classes: the first held-out image of each where it may be shown, then the first samples."""
    rows: list[tuple[str, list[np.ndarray]]] = []
    if about in SHOWN_REAL:
        rows.append(("real, held out", [data.test[data.test_labels == c][0] for c in range(10)]))
    for kind, title in KINDS.items():
        path = kept / f"{about}_{kind}.npz"
        if path.exists():
            with np.load(path) as found:
                images, label = found["images"], found["label"]
            rows += [(title if i == 0 else "", [images[label == c][i] for c in range(10)]) for i in range(EACH)]
    if len(rows) < 2:
        return None
    font, top = ImageFont.load_default(11), 18
    sheet = Image.new("RGB", (MARGIN + 10 * (SIDE + 4), top + len(rows) * (SIDE + 4)), "white")
    draw = ImageDraw.Draw(sheet)
    for c, name in enumerate(data.classes):
        draw.text((MARGIN + c * (SIDE + 4) + SIDE // 2, 3), name, fill="black", font=font, anchor="ma")
    for r, (word, images) in enumerate(rows):
        y = top + r * (SIDE + 4)
        draw.text((4, y + SIDE // 2), word, fill="black", font=font, anchor="lm")
        for c, x in enumerate(images):
            tile = Image.fromarray(x[0] if len(x) == 1 else x.transpose(1, 2, 0))
            sheet.paste(tile.resize((SIDE, SIDE), Image.Resampling.NEAREST), (MARGIN + c * (SIDE + 4), y))
    path = PICTURES / f"images-{about}.png"
    sheet.save(path, optimize=True)
    return path


def _scale_rows(about: str, known: dict[str, Any]) -> list[str]:
    title, near = TITLES[about], known["nearest"]
    rows = [f"| {title}: {name} | {row['frechet']:.1f} | | | |" for name, row in known["rows"].items()]
    return [*rows, f"| {title}: held-out images | | {known['accuracy']:.3f} | {near['median']:.1f} | .010 |"]


def _quality_row(run: dict[str, Any]) -> str:
    about, kind = run["run"].rsplit("_", 1)
    title = f"**{TITLES[about]}: {KINDS[kind]}**"
    if "frechet" not in run:
        return f"| {title} | not measured yet | | | |"
    near = run["nearest"]
    distance = f"**{run['frechet']:.1f}**"
    return f"| {title} | {distance} | {run['accuracy']:.3f} | {near['median']:.1f} | {_share(near['near'])} |"


def _cost_row(run: dict[str, Any]) -> str:
    about, kind = run["run"].rsplit("_", 1)
    minutes = run["steps"] * run["batch"] / run["images_per_second"] / 60
    return (
        f"| {TITLES[about]}: {KINDS[kind]} | {run['steps']:,} of {run['batch']} | {run['images_per_second']:.0f} "
        f"| {minutes:.1f} | {run['sampler']} | {run['sampling_seconds'] * 10_000 / run['drawn']:.0f} "
        f"| {run['processor']} |"
    )


def _share(x: float) -> str:
    return f"{x:.3f}".lstrip("0") if x < 1 else "1"


def write(results: Results, kept: Path, sources: dict[str, Callable[[], Images]], steps: int) -> None:
    """From the results that are there; ``steps`` is what training takes where no clock ends it."""
    found = {name: results.value(name) for name in results.names()}
    small = [run for name, run in found.items() if "run" in run and not name.startswith("cifar")]
    total = sum(run["seconds"] for name, run in found.items() if not name.startswith("cifar")) / 60
    quality, cost, shown = [], [], []
    for about, title in TITLES.items():
        runs = [found[f"{about}_{kind}"] for kind in KINDS if f"{about}_{kind}" in found]
        if runs:
            quality += _scale_rows(about, found[f"{about}_scale"]) if f"{about}_scale" in found else []
            quality += [_quality_row(run) for run in runs]
            cost += [_cost_row(run) for run in runs]
        made = picture(about, kept, sources[about]()) if about in sources else None
        made = made or PICTURES / f"images-{about}.png"
        if made.exists():
            shown.append(f"![{title}: samples of each class](../../docs/pictures/{made.name})")
    if not small:
        return
    missing = [
        f"{about}_{kind}" for about in sources for kind in KINDS if "frechet" not in found.get(f"{about}_{kind}", {})
    ]
    gpu = any(run.get("device") == "cuda" for run in found.values())
    text = TEXT.format(
        count=max(run["drawn"] for run in found.values() if "drawn" in run),
        quality="\n".join(quality),
        cost="\n".join(cost),
        shown="\n\n".join(shown),
        gpu="" if gpu else NO_GPU,
        size=small[0]["parameters"],
        network=small[0]["network"],
        passes=max(run["steps"] * run["batch"] for run in small) / 60_000,
        total=total,
        clock=CLOCK.format(steps=steps) if any(run["steps"] < steps for run in small) else "",
        missing=f" Not complete: {', '.join(missing)}." if missing else "",
    )
    (HERE / "README.md").write_text(text, encoding="utf-8")


CLOCK = """
Other work took most of the machine, so the clock ended these runs (`--minutes 17`) before their {steps:,} steps, the
learning rate falling with it; without `--minutes` they are longer."""

NO_GPU = """No run on a GPU is recorded: the path has been run for a few steps
on a processor, and nothing is known of its samples, or of its speed on a card."""

TEXT = """# Images

Made by `python benchmarks/images/run.py`; do not edit.

`EDM` and `FlowMatching`, each told the class, on all 60 000 training images of Fashion-MNIST and MNIST: a U-Net of
{size:,} parameters on squares of 2 x 2 pixels, `{network}`, trained in
bfloat16 where that is safe, on one thread. Training is short: {passes:.1f} passes over the images.{clock}

## What the samples are worth

The Fréchet distance is on EfficientNet-Lite0 features (1 280 averages of the last convolution, images enlarged to 96
pixels): it is **not** FID, and is to be read against the rows beside it, not against other tables. Every row compares
{count:,} images with the same 10 000 held-out ones. Accuracy is that of a small classifier, trained on the real images,
on samples of the class that was asked for; a model that draws none but typical images exceeds the real ones. The
distance to the nearest of the 60 000 training images is the root mean squared difference in grey levels (0 to 255), its
median; the last column is the share nearer than all but 1 % of held-out images are: copies would push it up.

| images | Fréchet distance | accuracy | nearest training image | nearer than the 1 % |
|---|---|---|---|---|
{quality}

## What they cost

| run | steps | images/s in training | training, min | sampler (35 evaluations) | s for 10 000 | on |
|---|---|---|---|---|---|---|
{cost}

Minutes and seconds are processor time on one thread of a shared machine, where other work slows it down; the time for
10 000 is scaled from {count:,}. Together these runs took {total:.0f} minutes of processor time so far.{missing}

{shown}

The first samples of each class, not chosen. Real images are shown where their licence is stated.

## CIFAR-10 (JPEG)

    python benchmarks/images/run.py --cifar FILE --device cuda --minutes 60

trains `UNet(width=128, factors=(1, 2, 2), depth=2)` by the clock. The file, a Parquet table with the columns split,
label and jpeg, is not part of this repository. `--steps 5 --device cpu` runs everything on a slice of the data and
prints what it finds. {gpu}
"""
