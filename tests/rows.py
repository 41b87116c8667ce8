"""What a log said, as structlog hands it to a test: one mapping a line."""

from collections.abc import MutableMapping
from typing import Any

Rows = list[MutableMapping[str, Any]]
