"""A network that knows ImageNet, end to end through the command line: photographs inside, textures and digits outside.

    python benchmarks/ood/imagenet.py --cifar cifar10_jpeg.parquet

Writes folders of PNG files to benchmarks/cache/ood/imagenet, runs ``ecotone detect`` on EfficientNet-Lite0, and stores
what it named as ``imagenet``. The photographs are those of CIFAR-10 (JPEG), 32 pixels wide and enlarged: their
kinds are among those of ImageNet, their sharpness is not, and the scores learn what they look like from the reference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from pictures import CACHE as FETCHED
from pictures import cifar10_jpeg, efficientnet_lite0, mnist
from PIL import Image
from stored import Results
from textures import textures

from ecotone.detect.evaluate import ood_metrics

FOLDER = FETCHED / "ood" / "imagenet"
RESULTS = Results(Path(__file__).parent)
SIZES = {"reference": 1200, "heldout": 800, "live": 320}
OUTSIDE = 40  # of textures and of digits, beside the photographs of live


def make() -> object:
    """The network, with its last layer a linear one that is found; for ``--module``."""
    import torch

    network = efficientnet_lite0().network

    class Whole(torch.nn.Module):
        """Bytes less 127 over 128 to logits."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Logits ``(n, 1000)``."""
            features = self.network.extract_features(x).mean((2, 3))
            return self.network._fc(features)

    return Whole()


def folders(cifar: str) -> None:
    """Write the images, named after what they are."""
    photographs = cifar10_jpeg(cifar)
    order = np.random.default_rng(0).permutation(len(photographs.test))
    start = 0
    for name, size in SIZES.items():
        rows = order[start : start + size]
        start += size
        _save(FOLDER / name, "photo", photographs.test[rows])
    _save(FOLDER / "live", "texture", textures(OUTSIDE, 3, 96))
    _save(FOLDER / "live", "digit", mnist().test[:OUTSIDE].repeat(3, 1))


def _save(folder: Path, kind: str, images: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image.transpose(1, 2, 0)).save(folder / f"{kind}_{i:04d}.png")


def main() -> None:
    """Make the folders, run the command, count what it named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", required=True, help="Parquet of CIFAR-10 (JPEG): split, label, jpeg")
    args = parser.parse_args()
    if not (FOLDER / "live").exists():
        folders(args.cifar)
    start = time.perf_counter()
    words = (
        "detect --module imagenet:make --size 224 --scale 1 --mean 127 --std 128 --reference reference "
        "--calibration heldout --data live --all --fdr 0.1 --keep activations --batch 32 -o scores.parquet "
        "--report report.html --json found.json"
    )
    command = [str(Path(sys.executable).with_name("ecotone")), *words.split()]
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    where = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run([*command, "--verbose"], cwd=FOLDER, env=where, check=False)
    seconds = time.perf_counter() - start
    import pyarrow.parquet as pq

    table = pq.read_table(FOLDER / "scores.parquet")
    named = np.asarray(table["outside"])
    kinds = np.array([Path(name).name.split("_")[0] for name in table["name"].to_pylist()])
    content = json.loads((FOLDER / "found.json").read_text())
    scores = {}
    for column in table.column_names:
        if column.startswith("score."):
            values = np.asarray(table[column])
            scores[column[6:]] = {
                kind: ood_metrics(values[kinds == "photo"], values[kinds == kind]).auroc
                for kind in ("texture", "digit")
            }
    found = {
        "exit": done.returncode, "seconds": seconds, "recommended": content["recommended"],
        "named": {kind: [int(named[kinds == kind].sum()), int((kinds == kind).sum())] for kind in sorted(set(kinds))},
        "share": content["found"]["share"], "interval": content["found"]["interval"], "auroc": scores,
        "unusable": [entry["name"] for entry in content["unusable"]],
    }  # fmt: skip
    RESULTS.put("imagenet", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
