"""Turns at hosts: one at a time, a pause after each, and what a robots.txt says is kept."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.crawl.website import Answer, Site, answer, redirect
from videogen.crawl.address import parse
from videogen.crawl.line import FetchRules
from videogen.crawl.turns import PRODUCT, Turns, patiently
from videogen.errors import InputError, Stopped, TemporaryError


@dataclass
class Way:
    """Turns at one site, and what was waited for them."""

    site: Site
    waited: list[float] = field(default_factory=list)
    is_robots_asked: bool = True

    def __post_init__(self) -> None:
        """Make the turns."""
        rules = FetchRules((self.site.host,), read_s=1, wall_s=2, is_robots_asked=self.is_robots_asked)
        self.turns = Turns(rules, self._pause)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self.waited.append(seconds)

    def ask(self, path: str) -> None:
        """Take the turn for a path and end it."""
        with self.turns.at(parse(self.site.url(path), (self.site.host,))):
            pass


@pytest.fixture
def way(site: Site) -> Way:
    """Turns at this test's own site."""
    return Way(site)


def test_turns_keep_a_second_between_requests(site: Site) -> None:
    """Before each further request to a host, what is left of a second is waited."""
    way = Way(site, is_robots_asked=False)

    for _ in range(3):
        way.ask("/a")

    assert len(way.waited) == 2
    assert all(0.9 < seconds <= 1 for seconds in way.waited)
    assert site.asked == []


def test_turns_keep_the_pause_a_site_asks_for(way: Way) -> None:
    """Crawl-delay is kept after each page."""
    way.site.pages["/robots.txt"] = answer("User-agent: videogen\nCrawl-delay: 7")

    way.ask("/a")
    way.ask("/b")

    assert [round(seconds) for seconds in way.waited] == [1, 7]


def test_turns_are_one_at_a_time(site: Site) -> None:
    """Of many threads that want one host, never two have their turn together."""
    way = Way(site, is_robots_asked=False)
    inside, most = [], []

    def ask() -> None:
        with way.turns.at(parse(site.url("/"), (site.host,))):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 8


@pytest.mark.parametrize(
    ("given", "is_allowed"),
    [
        (answer("User-agent: *\nDisallow: /a"), False),
        (answer("User-agent: *\nDisallow: /a", "application/octet-stream"), False),  # by any name
        (answer(f"User-agent: *\nDisallow: /\nUser-agent: {PRODUCT}\nAllow: /"), True),
        (answer("User-agent: *\nDisallow: /a", status=404), True),
        (answer("User-agent: *\nDisallow: /a", status=403), True),
        (answer("User-agent: *\nDisallow: /b"), True),
        (redirect("/other"), False),  # it forbids all
        (redirect("/robots.txt"), True),  # round and round: there is none
        (redirect("http://169.254.169.254/"), True),  # nor may it lead us astray
        (answer("User-agent: *\nDisallow: /a\n" + "#" * 3_000_000), False),  # W42: the beginning counts
    ],
)
def test_turns_go_by_the_robots_file(way: Way, given: Answer, is_allowed: bool) -> None:
    """What a robots.txt forbids gets no turn; none, or none that may be read, forbids nothing (RFC 9309, 2.3.1)."""
    way.site.pages["/robots.txt"] = given
    way.site.pages["/other"] = answer("User-agent: *\nDisallow: /")

    assert _word(lambda: way.ask("/a")) == ("" if is_allowed else "robots-disallowed")


def _word(ask: Callable[[], object]) -> str:
    try:
        ask()
    except (InputError, TemporaryError) as error:
        return error.word
    return ""


@pytest.mark.parametrize("status", [500, 503, 429])
def test_turns_put_off_a_site_whose_robots_file_is_out_of_reach(way: Way, status: int) -> None:
    """A server in trouble may forbid what we want: it is asked three times, then left alone for a while."""
    way.site.pages["/robots.txt"] = answer(status=status)

    assert [_word(lambda: way.ask("/a")) for _ in range(3)] == ["robots-unreachable"] * 3
    assert way.site.asked == ["/robots.txt"] * 3


def test_turns_ask_for_a_robots_file_once(way: Way) -> None:
    """However many pages of a site are asked for, by however many threads, its robots.txt is fetched once."""
    threads = [threading.Thread(target=way.ask, args=(f"/{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert way.site.asked == ["/robots.txt"]


def test_patiently_does_not_try_again_what_was_tried_or_stopped() -> None:
    """A stop ends at once, and so does a robots.txt that was asked for three times already."""
    for error in (Stopped("s", remedy=""), TemporaryError("r", remedy="", code="robots-unreachable")):
        tries: list[int] = []

        def ask(error: TemporaryError = error, tries: list[int] = tries) -> None:
            tries.append(1)
            raise error

        with pytest.raises(type(error)):
            patiently(ask, lambda _, __: None)
        assert tries == [1]
