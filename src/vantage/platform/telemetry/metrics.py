"""What Prometheus may ask for. Labels are route templates, never addresses or names."""

from typing import Final

from prometheus_client import Counter, Histogram

REQUESTS: Final = Counter("vantage_http_requests", "Requests answered.", ("method", "route", "status"))
DURATION: Final = Histogram(
    "vantage_http_request_seconds",
    "From the first byte of a request to the last of its answer.",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
