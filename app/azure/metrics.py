"""What the adapter counts."""

from prometheus_client import Counter, Histogram

UNKNOWN_ERRORS = Counter(
    "azure_unknown_errors_total",
    "Errors of Azure's that the table in app/azure/error_table.py does not know.",
    ["code"],
)
CALLS = Counter("azure_calls_total", "Answers from Azure.", ["method", "kind", "status"])
CALL_SECONDS = Histogram(
    "azure_call_seconds",
    "How long Azure took to answer.",
    ["method", "kind"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
TURN_SECONDS = Counter("azure_turn_wait_seconds_total", "Seconds spent waiting for a token of a bucket.", ["bucket"])
THROTTLED = Counter("azure_throttled_total", "429s that came although Slipway keeps to the buckets.", ["kind"])
