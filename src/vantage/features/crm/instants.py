"""Instants in what PostgreSQL has built as JSON, for templates that say "2 hours ago"."""

from datetime import datetime
from typing import Any


def with_instants(value: Any) -> Any:
    """The same value with every text under a key ending in `_at` as an aware datetime, at any depth."""
    if isinstance(value, list):
        return [with_instants(one) for one in value]
    if isinstance(value, dict):
        return {
            key: datetime.fromisoformat(one) if key.endswith("_at") and isinstance(one, str) else with_instants(one)
            for key, one in value.items()
        }
    return value
