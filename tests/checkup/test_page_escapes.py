"""Whatever a page shows is escaped, wherever it stands: every text of a content is made hostile at once."""

import re
import subprocess
import sys
from dataclasses import replace

import from_json
import numpy as np
import pytest
from check_contents import Page, everything, html_report, html_summary
from jinja2 import UndefinedError
from markupsafe import Markup
from networks import foreign, passed, reference, rows

from ecotone.checkup.outside import detect_outliers
from ecotone.checkup.outside._outside_content import OutsideContent, Unusable
from ecotone.checkup.outside._outside_report import outside_report
from ecotone.checkup.outside._outside_result import OutsideResult
from ecotone.checkup.report._markup import isolated, name, names, p
from ecotone.checkup.report._templates import _environment, render
from ecotone.contracts import Activations

HOSTILE = "<i>\"'{{7*7}}&amp;"
# Entries whose words steer the page and are not of the data.
STEERS = {"kind", "role", "guarantee", "alarms", "scale", "side", "effect_name", "format"}
NAMED = {"columns", "types", "levels", "estimators", "timing", "pseudo"}  # dicts whose keys are shown


def hostile(value, at=""):
    """The same content with the hostile words before every text that is shown."""
    if isinstance(value, dict):
        shown = at in NAMED
        return {(HOSTILE + k if shown else k): v if k in STEERS else hostile(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [hostile(v, "" if isinstance(v, dict) else at) for v in value]
    return HOSTILE + value if isinstance(value, str) else value


def full():
    """A content in which every part of the page has something to show."""
    content, drawn = everything()
    content["columns"][0]["conditional"]["group"] = ["wind"]
    content["columns"][0]["movement"] = None
    content["schema"].update(changed=True, lost=["gone"], new=["come"], reordered=True, renamed=[
        {"reference": "old", "current": "new", "reason": "alike"}], type_changed=[
        {"name": "t", "reference": "bool", "current": "text", "compared": False}], untested=[
        {"name": "fixed", "kind": "constant", "reason": "constant: x"}])  # fmt: skip
    content["contract"] = {"violated": True, "columns": 1, "violations": [
        {"column": "age", "rule": "max", "sentence": "max 300", "bare": "beyond"}],
        "unchecked": [{"rule": "r", "column": "age", "reason": "none"}]}  # fmt: skip
    fact = {
        "count": 1,
        "missing": 2,
        "distinct": 3,
        "estimated": True,
        "min": 1.0,
        "median": 2.0,
        "mean": None,
        "max": 3.0,
    }
    content["quality"] = {
        "breaks": [{"column": "age", "what": "range", "sentence": "max 9", "bare": "max", "notable": True}],
        "columns": [{"name": "age", "reference": fact, "current": {**fact, "max": 4.0}}],
    }
    content["data"]["given"] = {"sentences": ["rows of equal hour"]}
    content["data"]["embeddings"] = [{"name": "emb", "columns": ["e0", "e1"]}]
    content["data"]["dependence"].update(declared=["hour"], found=[
        {"what": "equal", "column": "shop", "table": "both", "value": 1.0, "pvalue": 0.5,
         "detected": True}])  # fmt: skip
    content["rows"].update(copies_said="99 copies", statement="a statement")
    content["performance"]["warning"] = "too good"
    content["performance"]["groups"][0]["estimate"] = None
    content["performance"]["reference"].update(value=None, undefined="no positives")
    return content, drawn


def spoilt():
    """The same, every text hostile but those by which parts are found."""
    content, drawn = full()
    parts, families = content["budget"]["parts"], [f["name"] for f in content["verdict"]["families"]]
    found, drawn = hostile(content), {**hostile(drawn), "rows": drawn["rows"]}
    found["budget"]["parts"] = parts
    for family, called in zip(found["verdict"]["families"], families, strict=True):
        family["name"] = called
        family["reason"] = family["reason"] and HOSTILE
    parts = found["performance"]["attribution"]["parts"]
    parts[HOSTILE] = parts.pop("dependence between blocks")
    found["quality"]["breaks"][0]["what"] = "range"  # one of a list, and not shown
    found["verdict"]["pairs"][0]["what"] = f"level:{HOSTILE} x L1"
    return found, drawn


def tags(page):
    return re.findall(r"<(/?[a-z][a-z0-9]*)", re.sub(r'"[^"]*"', "", page))


def attributes(page):
    return {key for key, _ in Page(page).attributes} - {"title"}  # which long names have


@pytest.mark.parametrize("redact", [False, True])
def test_no_text_of_a_content_becomes_a_tag(redact):
    page = html_report(*spoilt(), redact=redact)
    assert tags(page) == tags(html_report(*full(), redact=redact))
    words = " ".join(Page(page).words)
    assert "<i>" not in page and "49" not in re.findall(r"(?<=')\d+", words)
    assert words.count("<i>\"'") > (60 if redact else 110)
    assert attributes(page) == attributes(html_report(*full(), redact=redact))


def test_no_text_of_a_content_becomes_a_tag_in_a_notebook():
    cell = html_summary(spoilt()[0])
    assert tags(cell) == tags(html_summary(full()[0])) and cell.count("&lt;i&gt;") > 15


class _Texts:
    """A network of texts: how long their words are."""

    differentiable = False

    def __call__(self, inputs, *, maps=False):
        z = np.array([[len(t), t.count("zz"), t.count("a")] for t in inputs], dtype=float)
        return Activations.unchecked(features=z, logits=np.c_[z.sum(1), -z.sum(1)], network=self)


def _texts(count, word, seed):
    rng = np.random.default_rng(seed)
    inputs = [" ".join([*rng.choice(["a", "bb", "ccc"], 12), *[word] * 3]) for _ in range(count)]
    found = _Texts()(inputs)
    return Activations(features=found.features, logits=found.logits, inputs=inputs, network=_Texts())


def _of_arrays():
    live = passed(np.vstack([rows(80, 5)[0], foreign(20, 6)]))
    return detect_outliers(reference(), passed(*rows(200, 21)), live, scores=["Energy", "ViM"], columns=list("abcdef"))


def _of_texts():
    live = _texts(20, f"zz{HOSTILE}zz", 2)
    return detect_outliers(_texts(150, "d", 0), _texts(150, "d", 1), live, scores=["KNN"])


def _spoilt(result):
    content = {**hostile(result.content), "reasons": []}
    content["unusable"] = [{"name": HOSTILE, "reason": HOSTILE}]
    for entry in result.content["reasons"]:
        parts = [{**part, "part": HOSTILE + part["part"]} for part in entry["parts"]]
        content["reasons"].append({**entry, "parts": entry["parts"] if isinstance(result.live.inputs, list) else parts})
    content["classes"] = [HOSTILE] * 4
    scores = {HOSTILE + k: v for k, v in result.scores.items()}
    called = [HOSTILE] * len(result.adjusted)
    return OutsideResult(
        from_json.made(OutsideContent, content),
        scores,
        {},
        result.adjusted,
        result.held,
        result.live,
        result.judges,
        called,
    )


@pytest.mark.parametrize("made", [_of_arrays, _of_texts])
@pytest.mark.parametrize("redact", [False, True])
def test_no_text_of_a_look_becomes_a_tag(made, redact):
    result = made()
    result.found = replace(result.found, unusable=(Unusable("x", "y"),))
    page = outside_report(_spoilt(result), redact=redact)
    assert tags(page) == tags(outside_report(result, redact=redact)) and "<i>" not in page
    assert page.count("&lt;i&gt;") > (5 if redact else 20)


@pytest.mark.parametrize("package", ["ecotone.checkup.report", "ecotone.watch.report"])
def test_values_are_escaped_by_the_environment_and_not_by_authors(package):
    made = _environment(package)
    assert made.autoescape is True
    assert str(made.from_string("{{ a }}").render(a="<b>\u202e\n")) == "&lt;b&gt;\ufffd "
    assert str(made.from_string("{{ a }}").render(a=Markup("<b>"))) == "<b>"
    assert str(made.from_string("{{ a|clip(3) }}{{ a|leading_capital }}").render(a="<xyz")) == "&lt;x…&lt;xyz"
    for words in ("{{ missing }}", "{{ a.missing }}", "{% if missing %}{% endif %}"):
        with pytest.raises(UndefinedError):
            made.from_string(words).render(a={})
    for called in made.list_templates():
        source = made.loader.get_source(made, called)[0]
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", source), called


def test_names_and_p_values_in_a_line():
    assert name("<b>", 2) == '<bdi title="&lt;b&gt;">&lt;…</bdi>' and name("a") == "<bdi>a</bdi>"
    assert names(["<", "b", "c", "d"], 2) == "<bdi>&lt;</bdi>, <bdi>b</bdi> and 2 more"
    assert p(None) == "p –" and p(None, word="") == "–" and p(0.25, word="") == "0.25"
    assert p(0.25) == '<span class="nw">p = 0.25</span>'
    assert p(2e-18, -17.7) == '<span class="nw">p = 2×10<sup>−18</sup></span>'
    assert p(1e-9, -9.0, "") == '<span class="nw">10<sup>−9</sup></span>'
    assert p(0.0, -400.0) == '<span class="nw">p &lt; 10<sup>−300</sup></span>'
    assert isolated("شحنة & <b>", ["شحنة", "<b>"]) == "<bdi>شحنة</bdi> &amp; &lt;b&gt;"
    assert isinstance(render("check/broken.html", lines=["<b>"]), Markup)


def test_templates_are_loaded_for_pages_alone():
    code = (
        "import sys, ecotone; ecotone.check; r = ecotone.check({'x': [1.0, 2.5] * 30}, {'x': [2.0, 3.5] * 30})\n"
        "str(r), r.text(verbose=True), r.to_json(); before = {'jinja2', 'markupsafe'} & set(sys.modules)\n"
        "r.to_html(); print(sorted(before), 'jinja2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[] True"
