"""What Prometheus scrapes. Labels take few values: a monitor's name, a kind of detector, a declared address."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ._standing import Standing

#: In seconds; a batch of 100 rows takes a few thousandths.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_METHODS = ("GET", "HEAD", "POST")
MEDIA = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry for each service, apart from the process's own.

    Parameters
    ----------
    standings : callable
        How the monitors stand, by name, as it is when they are scraped.
    """

    def __init__(self, standings: Callable[[], dict[str, Standing]]) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._standings = standings
        self._latency = Histogram(
            "ecotone_request_duration_seconds", "Time from a request's headers to the end of its answer.",
            ("route", "method", "status"), registry=self.registry, buckets=_BUCKETS,
        )  # fmt: skip
        self.registry.register(self)  # type: ignore[arg-type,unused-ignore]

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Take note of one answer."""
        known = method if method in _METHODS else "other"
        self._latency.labels(route, known, f"{status // 100}xx").observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """The monitors' numbers."""
        standings = self._standings()
        for family, values in _FAMILIES:
            made = _made(*family)
            for name, standing in standings.items():
                for labels, value in values(standing):
                    made.add_metric((name, *labels), value)
            yield made

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return bytes(generate_latest(self.registry))


_Values = Callable[[Standing], Iterable[tuple[tuple[str, ...], float]]]


def _made(kind: str, name: str, words: str, labels: tuple[str, ...]) -> CounterMetricFamily | GaugeMetricFamily:
    family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
    return family(name, words, labels=("monitor", *labels))


def _labelled(values: dict[str, float]) -> Iterable[tuple[tuple[str, ...], float]]:
    return [((detector,), value) for detector, value in values.items()]


def _one(value: float | None) -> Iterable[tuple[tuple[str, ...], float]]:
    return [] if value is None else [((), value)]


_FAMILIES: tuple[tuple[tuple[str, str, str, tuple[str, ...]], _Values], ...] = (
    (("counter", "ecotone_rows", "Rows read and kept.", ()), lambda s: _one(s.rows)),
    (
        ("gauge", "ecotone_log_evidence", "Natural logarithm of the leading detector's evidence.", ("detector",)),
        lambda s: _labelled(s.log_evidence),
    ),
    (
        ("gauge", "ecotone_log_threshold", "Natural logarithm of the evidence at which it alarms.", ("detector",)),
        lambda s: _labelled(s.log_threshold),
    ),
    (
        ("counter", "ecotone_alarms", "Alarms, by what they are about: the data, or harm to the model.", ("about",)),
        lambda s: _labelled(s.alarms),
    ),
    (
        ("gauge", "ecotone_alarm_open", "1 from an alarm until it is accepted or reset.", ("about",)),
        lambda s: _labelled(s.open),
    ),
    (
        (
            "gauge",
            "ecotone_contract_breaks",
            "Facts about columns and sources that are not as agreed; the last ten thousand.",
            (),
        ),
        lambda s: _one(s.breaks),
    ),
    (("gauge", "ecotone_queued_bodies", "Bodies accepted and not yet kept.", ()), lambda s: _one(s.queued)),
    (
        ("gauge", "ecotone_loss", "Mean loss by labels, 0 to 1, and its 95 % confidence sequence.", ("end",)),
        lambda s: _labelled(s.loss),
    ),
    (
        (
            "gauge",
            "ecotone_estimated_loss",
            "Mean loss of the last chunk that has ended, estimated without labels, and its 90 % interval.",
            ("end",),
        ),
        lambda s: _labelled(s.estimated_loss),
    ),
    (
        ("gauge", "ecotone_outside_ratio", "Share of the last chunk's rows that lie outside the reference.", ()),
        lambda s: _one(s.outside),
    ),
)
