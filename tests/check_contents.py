"""Contents of a check made by hand, with values of rows that can be looked for, and a parser of pages."""

import copy
from html.parser import HTMLParser

import numpy as np
from from_json import typed

from ecotone.checkup.as_json import jsonable
from ecotone.checkup.report import _notebook, _page, _terminal
from ecotone.checkup.report._plot_data import column_picture, pair_picture
from ecotone.data import Column, Pair, Table

NAMES = ("margins", "pairs", "support", "trees", "triples", "energy")
SHARES = (0.45, 0.20, 0.10, 0.10, 0.05, 0.10)


def html_report(content, drawn, **how):
    """The page of a document made by hand."""
    return _page.html_report(typed(content), drawn, **how)


def html_summary(content):
    """Its cell in a notebook."""
    return _notebook.html_summary(typed(content))


def text_report(content, *width, **how):
    """Its text."""
    return _terminal.text_report(typed(content), *width, **how)


def column(name, *, kind="numeric", effect=0.0, changed=False, material=False, role=None, sentence="", movement=None):
    """An entry as the pipeline makes it."""
    p = 1e-12 if changed else 0.4
    return {
        "name": name,
        "kind": kind,
        "marginal": {
            "pvalue": p,
            "log10_pvalue": float(np.log10(p)),
            "changed": changed,
            "material": material,
            "effect": effect,
            "effect_name": "total variation" if kind == "category" else "auc",
            "interval": [effect - 0.02, effect + 0.02],
            "psi": {"value": 0.1, "note": "descriptive: no error is controlled"},
            "missing": [0.0, 0.01],
        },
        "conditional": {"pvalue": p, "log10_pvalue": float(np.log10(p)), "changed": changed, "group": []},
        "role": role or ("moved" if changed else "no evidence"),
        "movement": movement,
        "sentence": sentence,
    }


def nothing(columns=None):
    """A check that found nothing."""
    side = {"rows_read": 1000, "rows_kept": 1000, "sources": [{"name": "data/old.parquet", "rows": 1000}]}
    return {
        "format": "ecotone.check/1",
        "ecotone": "0.1.0",
        "headline": {
            "alarms": [],
            "sentence": "No change found at alpha = 0.04.",
            "alpha": 0.05,
            "answer": "no change found",
            "guarantee": "exact",
            "reason": "no dependence between rows was found",
        },
        "verdict": {
            "material": False,
            "changed": False,
            "pvalue": 0.6,
            "log10_pvalue": -0.22,
            "alpha": 0.04,
            "families": [
                {"name": n, "share": s, "pvalue": 0.5, "log10_pvalue": -0.3, "rows": 2000, "reason": None}
                for n, s in zip(NAMES, SHARES)
            ],
            "material_pvalue": 1.0,
            "min_effect": 0.02,
            "smallest_detectable": {"auc": 0.07, "spread": 0.08, "level": 0.05, "missing": 0.04, "pairs": 0.05},
            "pairs": [],
            "guarantee": "exact",
            "reason": "no dependence between rows was found",
        },
        "columns": columns if columns is not None else [column("speed"), column("wind")],
        "columns_note": "The two bits carry the guarantee.",
        "rows": {
            "share": 0.0, "interval": [0.0, 1.0], "share_said": "0 % of the current rows",
            "index": [], "reasons": [], "n_calibration": 500, "needed": 2000,
            "global_pvalue": 0.7, "raised": False, "alpha": 0.005, "fdr": 0.1, "statement": "", "seconds": 0.1,
        },
        "performance": None,
        "budget": {
            "alpha": 0.05,
            "method": "weighted Bonferroni",
            "parts": [{"name": n, "share": 0.1, "alpha": 0.005} for n in ("verdict", "rows", "performance")],
        },
        "data": {
            "reference": side,
            "current": copy.deepcopy(side),
            "types": {"speed": "numeric", "wind": "numeric"},
            "untested": [],
            "duplicates": {
                "reference": 0,
                "current": 3,
                "overlap": 0,
                "kept": {"reference": 2, "current": 1},
                "times": {"reference": 1, "current": 1},
                "commonest": {"reference": 2, "current": 2},
                "pvalue": 0.0001,
            },
            "dependence": {"declared": [], "found": [], "guarantee": "exact", "remedy": ""},
            "notes": [],
            "seed": 0,
        },
        "schema": {"changed": False, "lost": [], "new": [], "renamed": [], "type_changed": [], "untested": [],
                   "compared": 2, "columns": 2, "reordered": False},
        "quality": {"breaks": [], "columns": []},
        "contract": None,
        "advice": [],
        "timing": {"read": 0.1, "verdict": 1.2},
    }  # fmt: skip


def performance(metric="roc_auc"):
    """Of a model that has become worse, with labels and groups."""
    return {
        "metric": metric,
        "reference": {"value": 0.8, "interval": [0.78, 0.82], "level": 0.9, "rows": 900},
        "estimate": 0.75,
        "interval": [0.7, 0.8],
        "assumption": "p(y|x) is the same in both tables.",
        "unknown": "38 % of the current rows lie outside the reference",
        "estimators": {"cbpe": 0.74, "doubly_robust": 0.75},
        "bound": {"factor": 2.0, "interval": [0.6, 0.9]},
        "actual": {"value": 0.7, "interval": [0.68, 0.72], "rows": 400, "prediction_powered": None},
        "attribution": {
            "total": -0.1,
            "from": 0.8,
            "parts": {"speed, wind": 0.02, "dependence between blocks": -0.01, "p(y|x)": -0.11},
            "intervals": {"speed, wind": [-0.01, 0.05], "p(y|x)": [-0.15, -0.07]},
            "summary": {
                "p(x)": {"value": 0.01, "interval": [-0.02, 0.04]},
                "p(y|x)": {"value": -0.11, "interval": [-0.15, -0.07]},
            },
            "blocks": {"speed, wind": ["speed", "wind"]},
            "level": 0.9,
        },
        "raised": True,
        "pvalue": 1e-5,
        "test": "labels: Fisher's exact test",
        "groups": [
            {"name": "GROUPVALUE", "rows": [80, 90], "estimate": 0.7, "interval": [0.6, 0.8], "reference": 0.8,
             "unknown": None},
            {"name": "tiny", "rows": [3, 4], "estimate": None, "interval": None, "unknown": "fewer than 50 rows"},
        ],
        "labels": {"rows": 1000, "half_width": 0.02, "of": "accuracy", "level": 0.9},
        "warning": None,
        "notes": ["probability columns are taken in the order of the classes: CLASSNOTE"],
        "greater_is_better": True,
        "details": {"effective": 0.3, "classes": ["CLASSVALUE", "other"], "positive": "CLASSVALUE"},
    }  # fmt: skip


def everything():
    """A check that found something of every kind; values of rows are the words in capitals and 777… numbers."""
    content = nothing(
        [
            column("speed", effect=0.1, changed=True, material=True, sentence="7771 of 7772 on average",
                   movement={"sentence": "7771", "displacement": 7771.0, "share": 0.4, "beyond": [
                       {"side": "above", "share": 0.2, "limit": 7772.0, "far": False}]}),
            column("town", kind="category", effect=0.2, changed=True, sentence="LEVELVALUE is new, in 3 % of the rows",
                   movement={"sentence": "LEVELVALUE", "levels": {"LEVELVALUE": [0.0, 0.03]}}),
            column("wind", role="relation"),
            {"name": "fixed", "kind": "constant", "marginal": None, "conditional": None, "role": "untested",
             "reason": "constant: 'CONSTANTVALUE' in every row that has a value"},
        ]
    )  # fmt: skip
    head, verdict = content["headline"], content["verdict"]
    head["alarms"] = ["material", "performance", "changed", "outliers"]
    head["sentence"] = "The tables differ by more than the minimum effect: speed and town."
    verdict.update(material=True, changed=True, pvalue=1e-20, log10_pvalue=-20.4, material_pvalue=1e-300)
    verdict["families"][1].update(pvalue=1e-9, log10_pvalue=-9.0)
    verdict["families"][4].update(pvalue=1.0, log10_pvalue=0.0, reason="too few columns")
    verdict["pairs"] = [{"columns": ["town", "wind"], "pvalue": 1e-9, "what": "level:LEVELVALUE x L1"}]
    content["rows"].update(
        share=0.1, raised=True, global_pvalue=1e-9, needed=None,
        index=[{"file": "data/new.parquet", "row": k} for k in range(30)],
        reasons=[
            {"file": "data/new.parquet", "row": k, "pvalue": 1e-4, "columns": [
                {"column": "speed", "value": 7773.0, "contribution": 9.0},
                {"column": "town", "value": "LEVELVALUE", "contribution": 3.0},
                {"column": "wind", "value": None, "contribution": 2.0}]}
            for k in range(30)
        ],
    )  # fmt: skip
    content["performance"] = performance()
    content["data"]["notes"] = ["town: NOTEVALUE is rare"]
    content["data"]["untested"] = [{"name": "fixed", "kind": "constant", "reason": "constant: 'CONSTANTVALUE'"}]
    content["data"]["dependence"]["found"] = [
        {"what": "serial", "table": "reference", "column": "speed", "rows": 9, "value": 0.01, "pvalue": 0.5,
         "detected": False}
    ]  # fmt: skip
    content["advice"] = [
        {"for": "concept", "action": "Retrain", "method": "retraining_gain", "others": ["KNNDist"], "why": "New.",
         "expected": "Wins back 0.1."}
    ]  # fmt: skip
    return content, pictures()


def pictures():
    """What the plots of ``everything`` are drawn from, made by the real functions."""
    rng = np.random.default_rng(0)
    levels = ("LEVELVALUE", "common", "OTHERVALUE")

    def table(shift):
        town = rng.integers(0, 3, 400).astype(float)
        speed = np.where(rng.random(400) < 0.1, np.nan, 7700 + shift + rng.random(400))
        return Table(
            {
                "speed": Column("speed", "numeric", speed),
                "town": Column("town", "category", town, levels),
                "wind": Column("wind", "numeric", np.exp(3 * rng.standard_normal(400)) * (town + 1)),
            },
            400,
        )  # fmt: skip

    both = Pair(table(0), table(0.5))
    return jsonable(
        {
            "columns": {n: column_picture(both.reference[n], both.current[n]) for n in ("speed", "town", "wind")},
            "pair": pair_picture(both, "town", "wind"),
            "rows": {k: rng.standard_normal((200, 2)).tolist() for k in ("reference", "current", "outside")},
            "named_rows": [1, 2],
        }
    )


class Page(HTMLParser):
    """Words shown, names of tags and every attribute."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags, self.attributes, self.open = [], set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)
