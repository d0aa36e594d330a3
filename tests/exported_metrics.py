"""The names of the metrics that the service exports, which dashboard and alerts may use; one place to change them in.

`tests/service/test_exported_metrics.py` holds a running service to it, `tests/deploy/test_monitoring.py` what asks.
"""

from typing import Final

METRICS: Final[dict[str, frozenset[str]]] = {
    "crossjudge_cells_total": frozenset({"run", "kind", "verdict"}),
    "crossjudge_cells_executed_total": frozenset({"run"}),
    "crossjudge_cells_cached_total": frozenset({"run"}),
    "crossjudge_cells_cpu_seconds_total": frozenset({"run"}),
    "crossjudge_cells_wall_seconds_total": frozenset({"run"}),
    "crossjudge_queued_chunks": frozenset({"run"}),
    "crossjudge_queue_age_seconds": frozenset({"run"}),
    "crossjudge_leased_chunks": frozenset(),
    "crossjudge_redelivered_chunks_total": frozenset(),
    "crossjudge_failed_chunks_total": frozenset(),
    "crossjudge_jail_starts_total": frozenset(),
    "crossjudge_workers": frozenset({"sandbox", "version"}),
    "crossjudge_redis_up": frozenset(),
    "crossjudge_redis_memory_bytes": frozenset(),
    "crossjudge_waiters": frozenset(),
    "crossjudge_http_requests_total": frozenset({"method", "route", "status"}),
    "crossjudge_http_request_seconds_bucket": frozenset({"method", "route", "le"}),
    "crossjudge_batches_accepted_total": frozenset(),
    "crossjudge_cells_accepted_total": frozenset(),
}
"""Each with its labels, as they stand in /metrics."""
