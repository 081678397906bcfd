"""The page at ``/`` in a real browser: it fits, asks nobody else for anything, and draws what comes."""

import signal

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("uvicorn", reason="the service needs uvicorn")

from browser import NAMES, Browser, browser
from served import TOKEN, Service

from ecotone.watch import MonitorStore

LONG = "height_of_the_customer_in_centimetres"
POINTS = "document.querySelector('polyline').getAttribute('points').split(' ').length"


@pytest.fixture
def service(tmp_path):
    if browser() is None:
        pytest.skip(f"no browser is here ({', '.join(NAMES)})")
    rng = np.random.default_rng(2)
    old = {"x": rng.normal(size=500), LONG: rng.normal(size=500)}
    with MonitorStore.create(tmp_path / "m.duckdb", old, by=100) as store:
        store.ingest({"x": np.append(rng.normal(size=500), rng.normal(2, 1, 300)), LONG: rng.normal(size=800)})
    made = Service(tmp_path)
    yield made
    made.end(signal.SIGTERM)


@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_in_a_browser(service, tmp_path, width):
    shown = Browser(tmp_path / "profile", width)
    here = f"http://127.0.0.1:{service.port}/"
    try:
        shown.open(here + "?every=2", Authorization=f"Bearer {TOKEN}")
        assert shown.value("document.title") == "Alarm · Ecotone monitors"
        assert shown.value("document.documentElement.scrollWidth") <= width == shown.value("innerWidth")
        wide, high = shown.value("(r => [r.width, r.height])(document.querySelector('svg').getBoundingClientRect())")
        assert wide > 0.7 * min(width, 1000) and high > 100
        # the style is there: the policy that forbids scripts lets it through
        assert shown.value("getComputedStyle(document.querySelector('.line')).fill") == "none"
        assert shown.value("getComputedStyle(document.querySelector('.card.alarm')).borderLeftWidth") == "6px"
        text = shown.value("document.body.innerText")
        assert "Data: ALARM 1 at row" in text and "reached" not in text and "undefined" not in text
        tops = shown.value("[...document.querySelectorAll('polyline')].map(p => p.getBBox().y)")
        limit = shown.value("document.querySelector('.limit').getAttribute('y1')")
        assert min(tops) <= float(limit)  # where there was an alarm the line has reached its threshold
        cells = shown.value("[...document.querySelectorAll('td.name')].map(d => d.getBoundingClientRect().width)")
        assert min(cells) >= 100
        before = shown.value(POINTS)
        service.ask("POST", "/monitors/m/rows", {"x": [0.0] * 100, LONG: [0.0] * 100})
        shown.wait("Page.loadEventFired", 30)  # it draws itself anew
        assert shown.value(POINTS) == before + 1
        assert {address.split("?")[0] for address in shown.asked()} <= {here, here + "favicon.ico"}
        assert [c for c in shown.complaints() if "favicon" not in c and "401" not in c and "404" not in c] == []
    finally:
        shown.close()


def test_nothing_on_it_can_be_run(service, tmp_path):
    shown = Browser(tmp_path / "profile", 800)
    try:
        shown.open(f"http://127.0.0.1:{service.port}/?every=0", Authorization=f"Bearer {TOKEN}")
        run = (
            "(s => { s.textContent = 'document.title = 1'; document.body.append(s) })(document.createElement('script'))"
        )
        shown.value(run)
        assert shown.value("document.title") == "Alarm · Ecotone monitors"
    finally:
        shown.close()


def test_the_report_fits_a_phone_too(service, tmp_path):
    shown = Browser(tmp_path / "profile", 390)
    try:
        shown.open(f"http://127.0.0.1:{service.port}/monitors/m/report", Authorization=f"Bearer {TOKEN}")
        assert "Alarm: rows no longer look like the reference" in shown.value("document.body.innerText")
        assert shown.value("document.documentElement.scrollWidth") <= 390
        assert shown.complaints() == [] or all("favicon" in c or "404" in c for c in shown.complaints())
    finally:
        shown.close()
