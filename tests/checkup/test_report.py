"""The page, the notebook cell and the terminal text, drawn from small contents made by hand."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from check_contents import Page, column, everything, html_report, html_summary, nothing, text_report
from from_json import made, typed

from ecotone.checkup.as_json import jsonable
from ecotone.checkup.document import ComparedColumn, Verdict, convincing, failing, leading
from ecotone.checkup.report import _svg
from ecotone.checkup.report._column_words import said_of
from ecotone.checkup.report._plot_data import column_picture
from ecotone.checkup.words import number, percent, plain, pvalue
from ecotone.data import Column


def checked(page):
    """The page's words, after what holds for every page."""
    assert len(page.encode()) < 1_000_000
    found = Page(page)
    assert found.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "base", "form"})
    for key, value in found.attributes:
        assert not key.startswith("on") and key not in ("src", "href", "xlink:href", "action"), key
        assert "url(" not in (value or "")
    assert not re.search(r"https?:|@import|url\(", page)
    words = " ".join(found.words)
    assert not re.search(r"\b(nan|NaN|None|inf|undefined)\b", words), re.findall(
        r".{30}\b(?:nan|None|inf)\b.{30}", words
    )
    assert svgs(page)
    for svg in svgs(page):
        ElementTree.fromstring(svg)
    return words


def svgs(page):
    """Every outermost SVG."""
    depth, start, out = 0, 0, []
    for match in re.finditer(r"<svg\b|</svg>", page):
        if match.group() == "</svg>":
            depth -= 1
            if depth == 0:
                out.append(page[start : match.end()])
        else:
            start = match.start() if depth == 0 else start
            depth += 1
    assert depth == 0
    return out


def test_nothing_found_is_a_finished_page():
    content = nothing()
    words = checked(html_report(content, {}))
    assert "No change found" in words and "Nothing: no alarm was raised." in words
    assert "What could have been found" in words and "0.25 standard deviations" in words
    assert "How far the columns can have moved" in words
    assert "What moved" not in words and "The pair" not in words and "What it does to the model" not in words
    assert text_report(content).startswith("ok ")


def test_everything_found_leads_with_what_matters():
    content, drawn = everything()
    page = html_report(content, drawn)
    words = checked(page)
    heads = re.findall(r"<h[12]>(.*?)</h[12]>", page)
    assert heads == [
        "The tables differ by more than the minimum effect: speed and town.", "What to do", "What it does to the model",
        "What moved", "The pair that changed most", "Rows outside", "Every column", "How certain", "Data",
    ]  # fmt: skip
    assert page.index("Material:") < page.index("Changed:")
    assert "&lt; 10<sup>−300</sup>" in page
    for said in ("LEVELVALUE", "7,773", "GROUPVALUE", "missing", "NOTEVALUE", "30 of 1,000 current rows are named"):
        assert said in words
    assert "too few columns" in words
    assert "by itself no change is shown" in words.lower() and "most with town" in words


def test_redacted_pages_hold_no_value_of_a_row():
    content, drawn = everything()
    page = html_report(content, drawn, redact=True)
    words = checked(page)
    for value in (
        "LEVELVALUE",
        "OTHERVALUE",
        "GROUPVALUE",
        "CLASSVALUE",
        "CLASSNOTE",
        "NOTEVALUE",
        "CONSTANTVALUE",
        "common",
    ):
        assert value in html_report(content, drawn), value
        assert value not in page, value
    assert not re.search(r"\b7,?7\d\d\b", page)
    assert "level 1" in words and "group 1" in words and "up in 40 %" in words
    assert "speed" in words and "town" in words


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><svg onload=x>", "a\u202egnp.exe",
     "line\nbreak\ttab\x00\x1b[31m", "L" * 300, "\U0001f469\u200d\U0001f4bb",
     "\u0634\u062d\u0646\u0629", "\ud800", "{}", "%s & 'q'"],
)  # fmt: skip
def test_hostile_names_stay_words(name):
    content, drawn = everything()
    for entry in content["columns"]:
        if entry["name"] == "speed":
            entry.update(name=name, sentence=f"{name} -> more")
    content["headline"]["sentence"] = f"The tables differ: {name}."
    content["performance"]["groups"][0]["name"] = name
    content["performance"]["attribution"]["blocks"] = {"speed, wind": [name]}
    content["data"]["current"]["sources"] = [{"name": name, "rows": 5}] * 2
    content["data"]["notes"] = content["performance"]["notes"] = [name]
    content["verdict"]["pairs"][0].update(columns=[name, "wind"], what=f"level:{name} x L1")
    for reason in content["rows"]["reasons"]:
        reason["file"] = reason["columns"][0]["column"] = reason["columns"][1]["value"] = name
    drawn["columns"] = {name: drawn["columns"]["town"]}
    drawn["columns"][name]["levels"] = [name] * 3
    drawn["pair"]["columns"], drawn["pair"]["axes"][0]["names"] = [name, "wind"], [name] * 3
    for page in (html_report(content, drawn), html_report(content, drawn, redact=True)):
        page.encode()
        checked(page)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", page)
    for shown in (text_report(content), html_summary(content)):
        shown.encode()
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", shown)
        assert max(map(len, text_report(content, 80).splitlines())) <= 80
    assert Page(html_summary(content)).tags.isdisjoint({"script", "img", "svg"})


def test_two_thousand_columns_fit():
    name = "a rather long name of a column, number {} of very many " * 2
    columns = [column(name.format(k, k), effect=0.1, changed=k < 900, sentence="word " * 60) for k in range(2000)]
    content, drawn = everything()
    content["columns"] = columns
    content["data"]["notes"] = [f"note {k} " + "words " * 50 for k in range(2000)]
    content["data"]["untested"] = [{"name": c["name"], "kind": "id", "reason": "an identifier"} for c in columns]
    content["rows"]["reasons"] = content["rows"]["reasons"] * 7
    drawn["columns"] = {c["name"]: drawn["columns"]["speed"] for c in columns[:12]}
    drawn["rows"]["current"] = drawn["rows"]["current"] * 5
    page = html_report(content, drawn)
    checked(page)
    assert "1,600 more columns are in the JSON" in page
    assert len(text_report(content)) < 12_000 and len(html_summary(content)) < 20_000


@pytest.mark.parametrize("guarantee", ["approximate", "withdrawn"])
def test_a_weaker_guarantee_is_said_once_and_plainly(guarantee):
    content = nothing()
    content["headline"].update(guarantee=guarantee, reason="rows lean on each other")
    if guarantee == "withdrawn":
        content["headline"]["sentence"] += " The guarantee is withdrawn."
    page = html_report(content, {})
    checked(page)
    assert f"The guarantee is {guarantee}.</strong>" in page
    assert "at most 0.05" not in page
    assert text_report(content, verbose=True).count("rows lean on each other") == 1
    assert guarantee in text_report(content) and guarantee in html_summary(content)


def test_values_that_are_not_known_do_not_break_the_page():
    content, drawn = everything()
    quality = content["performance"]
    quality.update(
        estimate=None, interval=[None, None], unknown=None, actual=None, attribution=None, bound=None, groups=None
    )
    quality["reference"]["interval"] = [None, None]
    for entry in content["columns"]:
        if entry["marginal"]:
            entry["marginal"].update(effect=None, interval=None)
            entry["marginal"]["psi"]["value"] = None
            entry["conditional"] = {"pvalue": None, "log10_pvalue": None, "changed": None, "reason": "not run"}
    content["verdict"]["smallest_detectable"] = {}
    checked(html_report(content, {}))
    text_report(content), html_summary(content)
    content["columns"] = []
    checked(html_report(content, drawn))


def test_the_waterfall_ends_where_the_metric_is():
    content, drawn = everything()
    page = html_report(content, drawn)
    part = page[page.index("What the change is made of") :]
    assert "0.700 (-0.100)" in part
    rows = part[part.index('class="row"') :]
    assert rows.index("+0.020") < rows.index("-0.110")  # p(y|x) comes last
    bars = re.findall(r'<rect class="(worse|better)" x="([\d.]+)%" y="5" width="([\d.]+)%"', page)
    assert [cls for cls, _, _ in bars] == ["better", "worse", "worse"]
    assert float(bars[2][1]) + float(bars[2][2]) == pytest.approx(
        float(bars[1][1]), abs=0.02
    )  # where the last one ended
    content["performance"]["greater_is_better"] = False
    page = html_report(content, drawn)
    assert "lower is better" in page
    assert re.findall(r'<rect class="(worse|better)"', page) == ["worse", "better", "better"]


def test_a_pair_is_shown_only_where_its_own_test_holds():
    content, drawn = everything()
    assert convincing(made(Verdict, content["verdict"])).columns == ("town", "wind")
    content["verdict"]["pairs"][0]["pvalue"] = 0.02
    assert convincing(made(Verdict, content["verdict"])) is None
    assert "The pair that changed" not in html_report(content, drawn)
    content["verdict"]["pairs"][0]["pvalue"] = 1e-9
    content["verdict"]["families"][1]["pvalue"] = 0.03
    assert convincing(made(Verdict, content["verdict"])) is None


def test_material_columns_and_larger_effects_come_first():
    columns = [
        column("small", effect=0.03, changed=True),
        column("large", effect=-0.2, changed=True),
        column("relation", effect=0.4, role="relation"),
        column("matters", effect=0.05, changed=True, material=True),
        column("still"),
    ]
    small, large, *_ = entries = [made(ComparedColumn, entry) for entry in columns]
    assert [c.name for c in leading(entries)] == ["matters", "large", "small", "relation"]
    assert said_of(small, []) == "slightly higher values" and said_of(large, []) == "lower values"
    small = replace(small, marginal=replace(small.marginal, effect_name="spread"))
    assert said_of(small, [], redact=True) == "slightly more spread"
    small = replace(small, marginal=replace(small.marginal, interval=(-0.1, 0.1)))
    assert "too little" in said_of(small, [])


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.6, 0.82, [0.6, 0.65, 0.7, 0.75, 0.8]), (-3, 17, [0, 5, 10, 15]),
     (1e-9, 3e-9, [1e-9, 1.5e-9, 2e-9, 2.5e-9, 3e-9]), (5, 5, [5])],
)  # fmt: skip
def test_ticks_are_round(low, high, wanted):
    assert _svg.ticks(low, high, 6 if high == 1 else 5) == pytest.approx(wanted)


def test_numbers_in_words():
    assert [number(v) for v in (0.1234, 12.0, 1234.5, 1e9, 0.0, float("nan"))] == [
        "0.123",
        "12",
        "1,234",
        "1.00e+09",
        "0",
        "–",
    ]
    assert [percent(v) for v in (0.0, 0.00123, 0.5, 1.0, None)] == ["0 %", "0.12 %", "50 %", "100 %", "–"]
    assert [pvalue(*v) for v in ((0.2,), (1e-18, -17.76), (1e-300, -412.0), (1e-300,), (None,), (9.7e-5, -4.013))] == [
        "p = 0.2", "p = 2e-18", "p < 1e-300", "p < 1e-300", "p –", "p = 1e-4",
    ]  # fmt: skip
    assert plain("a\u202eb\x07\n\ud83d") == "a\ufffdb\ufffd \ufffd"


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (np.exp(2 * np.random.default_rng(0).standard_normal(4000)), "log"),
        (np.random.default_rng(0).standard_normal(4000), "linear"),
        (np.random.default_rng(0).standard_t(1, 4000), "linear"),
        (np.random.default_rng(0).poisson(3, 4000), "linear"),
        (np.array([0.0, 1.0, 1e6] * 50), "values"),
        (np.full(50, 3.0), "linear"),
        (np.full(50, np.nan), "linear"),
    ],
)
def test_histograms_show_the_bulk_and_count_the_rest(values, scale):
    column_ = Column("x", "numeric", np.asarray(values, dtype=np.float64))
    picture = jsonable(column_picture(column_, column_))
    assert picture["scale"] == scale
    seen = np.isfinite(column_.values).mean()
    assert sum(picture["current"]) + picture["below"][1] + picture["above"][1] == pytest.approx(seen)
    assert picture["below"][1] + picture["above"][1] <= 0.07
    assert max(picture["reference"]) <= 1.0
    svg = _svg.histogram(picture, "x")
    ElementTree.fromstring(svg)
    places = [float(v) for v in re.findall(r'<text x="([\d.]+)%', svg)]
    assert places == sorted(places) and (len(places) >= 2 or len(set(values)) == 1)


@pytest.mark.parametrize(
    "values",
    [[1.7e308, -1.7e308], [1e-310, 3e-310], [np.inf, -np.inf, 1.0], [1e15 + k for k in range(9)],
     [1e300, 1e300 * (1 + 1e-15)],
     [10.0**k for k in range(-300, 300, 7)], [float(2**53 - k) for k in range(50)]],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_extreme_values_have_an_axis(values):
    column_ = Column("x", "numeric", np.array(values * 8))
    svg = _svg.histogram(jsonable(column_picture(column_, column_)), "x")
    ElementTree.fromstring(svg)
    assert not re.search("nan|inf", svg)
    labels = re.findall(r">([^<]+)</text>", svg)
    assert labels and len(set(labels)) == len(labels)


def test_the_terminal_text_is_wrapped_and_ordered():
    content, _ = everything()
    content["columns"][0]["sentence"] = "missing 0.15 % → 0.4 %; mean 30.8 → 31, median 7 → 8 " * 4
    for width in (80, 100):
        for verbose in (False, True):
            shown = text_report(content, width, verbose=verbose)
            assert max(map(len, shown.splitlines())) <= width
            assert "\x1b" not in shown and "\u00a0" not in shown
            assert not re.search(r"^\s*%", shown, flags=re.MULTILINE)
    assert shown.index("ALARM") < shown.index("what to do") < shown.index("performance:") < shown.index("columns that")
    assert shown.index("* speed") < shown.index("town  ")
    assert "counted from 0" in shown


def test_one_screen_holds_the_verdict_and_a_line_of_every_part():
    content, _ = everything()
    content["columns"] = [column(f"c{k}", effect=0.1, changed=True, sentence="words " * 40) for k in range(50)]
    content["headline"]["sentence"] += " word" * 200
    content["headline"].update(guarantee="withdrawn", reason="rows are alike " * 60)
    content["schema"].update(changed=True, lost=[f"gone{k}" for k in range(30)], reordered=True)
    content["quality"]["breaks"] = [
        {"column": f"c{k}", "what": "range", "sentence": "max 85 → 9,999", "notable": True, "bare": ""}
        for k in range(9)
    ]  # fmt: skip
    content["contract"] = {"violated": True, "columns": 3, "unchecked": [], "violations": [
        {"column": "age", "rule": "max", "sentence": "max 300, 120 allowed", "bare": "beyond"}] * 4}  # fmt: skip
    content["advice"] = content["advice"] * 5
    lines = text_report(content, 80).splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    assert lines[0].startswith("ALARM") and "--verbose" in lines[-1]
    for label in ("columns", "contract", "broke", "to do", "roc_auc", "moved", "outside"):
        assert any(line.startswith(label) for line in lines), label
    assert any(re.search(r"\(\+\d+ more\)$", line) for line in lines)
    assert "\n".join(lines).count("guarantee withdrawn") == 1
    assert len(text_report(content, 80, verbose=True).splitlines()) > 60


def test_the_word_alarm_stands_exactly_where_the_run_fails():
    content, _ = everything()
    content["headline"]["alarms"] = ["changed", "outliers"]
    for on, wanted in (
        (None, "changed, rows outside (does not fail): "), ("material", "changed, rows outside (does not fail): "),
        ("changed", "ALARM  "), (["outliers"], "ALARM  "), ("any", "ALARM  "),
        ("never", "changed, rows outside (does not fail): "),
    ):  # fmt: skip
        first = text_report(content, 100, fail_on=on)
        assert first.startswith(wanted), on
        assert bool(failing(typed(content), "material" if on is None else on)) == first.startswith("ALARM")
    content["headline"].update(alarms=[], answer="cannot tell")
    assert text_report(content).startswith("cannot tell: ")
    content["schema"]["lost"] = ["gone"]
    assert text_report(content).startswith("columns changed (does not fail): ")
    assert text_report(content, fail_on="schema").startswith("ALARM")


def test_the_notebook_cell_is_a_summary():
    content, _ = everything()
    cell = html_summary(content)
    assert len(cell) < 8000 and "<pre" not in cell and "<style" not in cell
    assert cell.count("<tr>") == 4
    assert "What to do" in cell and "material" in cell
