"""The page of figures is made from their table, and the table from names that a scraper takes (A12)."""

import re

import pytest

from tests.docs import metrics_table
from videogen.series import SERIES, Series


def test_the_page_is_the_table() -> None:
    """docs/metrics.md is what `python -m tests.docs.metrics_table` writes now."""
    assert metrics_table.PAGE.read_text(encoding="utf-8") == metrics_table.page()


@pytest.mark.parametrize("one", SERIES, ids=[one.name for one in SERIES])
def test_a_figure_has_a_name_a_teller_and_a_meaning(one: Series) -> None:
    """Each name is Prometheus' own kind of name, its sentence ends, and it stands in the table once."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", one.name)
    assert not one.name.endswith(("_total", "_count", "_sum", "_bucket", "_info_info"))
    assert one.about.endswith(".")
    assert not {"role", "node", "le"} & set(one.labels)
    assert sum(other.shown == one.shown for other in SERIES) == 1
    assert (one.type == "histogram") == bool(one.bounds)
    assert list(one.bounds) == sorted(set(one.bounds))
