"""The service's own metrics, beside those of BentoML.

Import this module only where metrics are written: BentoML must choose how `prometheus_client` keeps its values before
anything imports it.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from store.writer import LogWriter


class LogMetrics(Collector):
    """Reads the figures of the prediction log when they are requested.

    Args:
        log: the writer of the log.
    """

    def __init__(self, log: LogWriter) -> None:
        self._log = log

    def collect(self) -> Iterator[Metric]:
        """Return the current figures."""
        failures, written = "tandem_log_write_failures", "tandem_log_written_predictions"
        yield CounterMetricFamily(failures, "Failed attempts to write a batch of predictions.", self._log.failures)
        yield CounterMetricFamily(written, "Predictions written.", self._log.written)
        waiting = "tandem_log_waiting_predictions"
        yield GaugeMetricFamily(waiting, "Predictions not yet written.", self._log.waiting)


def exposition(log: LogWriter) -> str:
    """Return the metrics in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(LogMetrics(log))
    return generate_latest(registry).decode()
