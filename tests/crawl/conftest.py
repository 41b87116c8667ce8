"""Fixtures for the crawler: a web site on loopback."""

from collections.abc import Iterator

import pytest

from tests.crawl.website import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    """A web site that this test alone uses."""
    with serving() as site:
        yield site
