"""Images by EDM and flow matching: each run is trained, sampled and measured; what is there is not run again.

    python benchmarks/images/run.py                                     # what is missing, then README.md and pictures
    python benchmarks/images/run.py --only fashion_edm                  # one
    python benchmarks/images/run.py --table                             # README.md and pictures from what is there
    python benchmarks/images/run.py --cifar FILE --device cuda --minutes 60

Training, samples and scales are kept in benchmarks/cache/images and go on where they stopped; ``--minutes`` ends
training by the clock where its steps would take longer. ``FILE`` is a Parquet table of CIFAR-10's JPEGs (columns split,
label, jpeg), not part of this repository; ``--steps 5`` runs everything on a slice of the data, prints what it finds
and stores nothing.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import platform
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import scale
from pictures import CACHE, Images, cifar10_jpeg, fashion_mnist, mnist
from stored import Results
from write import write

from ecotone.learn import EDM, FlowMatching, Training, load, networks, samplers, schedules
from ecotone.learn.training import Progress

RESULTS, KEPT = Results(HERE), CACHE / "images"
DATA = {"fashion": fashion_mnist, "mnist": mnist}
KINDS = ("edm", "flow")
DRAWN = 1000  # samples of a run, as many of each class
# Of a run on one thread of a processor, and of one on a GPU
SMALL: dict[str, Any] = {
    "words": "UNet(width=32, factors=(1, 2), patch=2)",
    "network": networks.UNet(width=32, factors=(1, 2), patch=2),
    "steps": 3000,
    "batch": 64,
    "rate": 2e-3,
    "ema": 0.998,
}
LARGE: dict[str, Any] = {
    "words": "UNet(width=128, factors=(1, 2, 2), depth=2)",
    "network": networks.UNet(width=128, factors=(1, 2, 2), depth=2),
    "steps": 10**6,
    "batch": 512,
    "rate": 1e-3,
    "ema": 0.9995,
}
RUNS: dict[str, Any] = {  # both evaluate the network 35 times
    "edm": {"name": "Heun, 18 Karras levels", "sampler": samplers.Heun(), "schedule": schedules.Karras(18)},
    "flow": {"name": "Euler, 35 even steps", "sampler": samplers.Euler(), "schedule": schedules.Uniform(35)},
}


def as_rows(images: np.ndarray) -> np.ndarray:
    """float32 between -1 and 1."""
    return images.astype(np.float32) / 127.5 - 1


def as_images(rows: np.ndarray) -> np.ndarray:
    """The nearest uint8."""
    return np.clip(np.round((rows + 1) * 127.5), 0, 255).astype(np.uint8)


class Clock:
    """Seconds and images of a training run, over all the processes in which it went on."""

    def __init__(self, path: Path, batch: int, device: str) -> None:
        self.path, self.batch = path, batch
        self.now = time.process_time if device == "cpu" else time.perf_counter
        self.last: tuple[int, float] | None = None

    def __call__(self, progress: Progress) -> None:
        images, seconds = json.loads(self.path.read_text()) if self.path.exists() else (0, 0.0)
        if self.last is not None:  # what comes before the first look is not only training
            images += self.batch * (progress.step - self.last[0])
            seconds += self.now() - self.last[1]
        self.last = (progress.step, self.now())
        self.path.write_text(json.dumps([images, seconds]), encoding="utf-8")
        rate = images / seconds if seconds else float("nan")
        print(f"step {progress.step}, loss {progress.loss:.4f}, {rate:.0f} images/s", flush=True)


def trained(name: str, data: Images, asked: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """The model, from the cache where it is, and how it was trained."""
    path, timed = asked.kept / f"{name}.model", asked.kept / f"{name}_clock.json"
    about, kind = name.rsplit("_", 1)
    plan = LARGE if about == "cifar" else SMALL
    batch = 16 if asked.steps else plan["batch"]
    if not path.exists():
        steps = asked.steps or plan["steps"]
        training = Training(
            steps=steps, max_minutes=asked.minutes or float("inf"), batch_size=batch,
            learning_rate=plan["rate"], ema=plan["ema"], validation_fraction=0.0,
            eval_every=max(min(steps // 5, 500), 1), precision="bf16-mixed", device=asked.device, seed=0,
            checkpoint=asked.kept / f"{name}.checkpoint",
            callbacks=(Clock(timed, batch, asked.device),),
        )  # fmt: skip
        model = {"edm": EDM, "flow": FlowMatching}[kind](plan["network"], training=training)
        model.fit(as_rows(data.train), given=data.train_labels)
        model.save(path)
        (asked.kept / f"{name}.checkpoint").unlink()
    model = load(path)
    model.denoiser_.to(asked.device)
    images, seconds = json.loads(timed.read_text(encoding="utf-8"))
    steps, size = int(model.history_[-1]["step"]), sum(p.numel() for p in model.denoiser_.parameters())
    about_it = {"steps": steps, "batch": batch, "parameters": size, "network": plan["words"], "device": asked.device}
    return model, about_it | {"images_per_second": images / max(seconds, 1e-9), "loss": model.history_[-1]["loss"]}


def drawn(name: str, model: Any, count: int, asked: argparse.Namespace) -> dict[str, Any]:
    """uint8 samples of the classes in turn, from the cache where they are, and the seconds that they took."""
    path = asked.kept / f"{name}.npz"
    if not path.exists():
        how = RUNS[name.rsplit("_", 1)[1]]
        label, clock = np.arange(count) % 10, time.process_time if asked.device == "cpu" else time.perf_counter
        began = clock()
        rows = model.sample(count, given=label, seed=0, sampler=how["sampler"], schedule=how["schedule"])
        np.savez(path, images=as_images(rows), label=label, seconds=clock() - began)
    with np.load(path) as found:
        return {k: found[k] for k in found.files}


def one(name: str, asked: argparse.Namespace, data: Images) -> None:
    """Train, draw and measure one run, and store what was found."""
    about, kind = name.rsplit("_", 1)
    count = 20 if asked.steps else DRAWN
    if asked.steps:
        a, b = len(data.train) // 1000, len(data.test) // 250  # of every class: CIFAR-10's are in the order of classes
        data = Images(data.train[::a], data.train_labels[::a], data.test[::b], data.test_labels[::b], data.classes)
    print(f"== {name}", flush=True)
    model, told = trained(name, data, asked)
    samples = drawn(name, model, count, asked)
    told |= {"sampler": RUNS[kind]["name"], "drawn": count, "sampling_seconds": float(samples["seconds"])}
    told["seconds"] = told["steps"] * told["batch"] / told["images_per_second"] + told["sampling_seconds"]
    body = {"run": name, "processor": processor(asked.device)} | told
    if not asked.steps:  # kept before the measures, which take minutes, too
        RESULTS.put(name, body)
    known, began = scale.scales(about, data, asked.device, count, asked.kept), time.process_time()
    body |= scale.measured(about, samples["images"], samples["label"], data, asked.device, known, asked.kept)
    body["seconds"] += time.process_time() - began
    if asked.steps:
        print(json.dumps({"scale": known} | body, indent=1))
        return
    for what, content in ((name, body), (f"{about}_scale", known)):
        RESULTS.put(what, content)


def processor(device: str) -> str:
    """What it ran on, in words."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"one thread of {platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", help="a run; may be repeated")
    parser.add_argument("--minutes", type=float, help="let the clock end training")
    parser.add_argument("--steps", type=int, help="a short run that is printed and not stored")
    parser.add_argument("--cifar", help="the Parquet file of CIFAR-10 (JPEG): adds cifar_edm and cifar_flow")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--table", action="store_true", help="write README.md and nothing else")
    asked = parser.parse_args(arguments)
    sources = {"cifar": lambda: cifar10_jpeg(asked.cifar)} if asked.cifar else DATA
    names = [f"{about}_{kind}" for about in sources for kind in KINDS]
    if unknown := sorted(set(asked.only or ()) - set(names)):
        print(f"there is no run {', '.join(unknown)}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    if asked.cifar and not (asked.minutes or asked.steps):
        parser.error("--cifar needs --minutes, or --steps for a short run")
    torch.set_num_threads(1 if asked.device == "cpu" else os.cpu_count() or 1)
    asked.kept = KEPT / "short" if asked.steps else KEPT
    if asked.steps:
        shutil.rmtree(asked.kept, ignore_errors=True)  # a run cut short is not gone on with
    asked.kept.mkdir(parents=True, exist_ok=True)
    for name in [] if asked.table else asked.only or names:
        if asked.steps or name not in RESULTS or "frechet" not in RESULTS.value(name):
            one(name, asked, sources[name.rsplit("_", 1)[0]]())
    if not asked.steps:
        write(RESULTS, KEPT, DATA, SMALL["steps"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
