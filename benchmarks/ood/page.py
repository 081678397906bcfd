"""The page of the guide: clothes of known kinds, some textures and some clothes of kinds held out among them.

All of these may be shown: Fashion-MNIST under the MIT licence, the photographs of textures under CC0.

python benchmarks/ood/page.py            # after networks.py; writes benchmarks/cache/ood/page.html
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from networks import CACHE, HELD_OUT, images_of, read

from ecotone.checkup.outside import detect_outliers
from ecotone.contracts import concatenate

SCORES = ("Energy", "Entropy", "FDBD", "KNN", "MSP", "Mahalanobis", "RMDS", "ReAct", "SCALE", "ViM", "WDiscOOD")


def main() -> None:
    """Look, and write the page."""
    images = images_of("fashion", None)
    acts = read("fashion", 0, images, "cpu")
    parts = [acts["inside"][:860], acts["textures"][:120], acts["near"][:20]]
    live = concatenate(parts).replace(inputs=np.concatenate([part.inputs for part in parts]))
    kinds = [name for i, name in enumerate(images.classes) if i not in HELD_OUT["fashion"]]
    found = detect_outliers(acts["reference"], acts["held_out"], live, scores=SCORES, fdr=0.1, classes=kinds)
    found.save(report=CACHE / "page.html")
    named = np.array(found.outside)
    print(found)
    print(f"{(named < 860).sum()} of known kinds, {((named >= 860) & (named < 980)).sum()} of 120 textures, "
          f"{(named >= 980).sum()} of 20 of kinds held out")  # fmt: skip


if __name__ == "__main__":
    main()
