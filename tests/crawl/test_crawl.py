"""From link files to chunks: numbered, carded, once each, whatever happens in between."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.crawl.website import HTML, STORY, Site, answer, serving
from videogen.crawl.crawl import Crawler
from videogen.crawl.line import FetchRules
from videogen.crawl.report import report_of
from videogen.errors import VideogenError


@dataclass
class House:
    """A spool with one story, and everything the crawler was given."""

    root: Path
    site: Site
    max_words: int = 5
    is_robots_asked: bool = False
    refused: list[tuple[Path, VideogenError]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def story(self) -> Path:
        """The folder of the story."""
        return self.root / "scanned/story/fables/fox"

    def drop(self, name: str, *lines: str, side: bool = True) -> Path:
        """Put a link file and its side file where main would; a line "/x" is an address on the site."""
        link = self.story / "link" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.write_text("\n".join(self.site.url(line) if line.startswith("/") else line for line in lines))
        if side:
            link.with_name(f"{name}.json").write_text("{}")
        return link

    def crawler(self, wait: Callable[[float], object] | None = None, allowed: tuple[str, ...] = ()) -> Crawler:
        """Give a crawler that never really waits."""

        def refuse(link: Path, error: VideogenError) -> None:
            self.refused.append((link, error))
            link.unlink()

        rules = FetchRules(
            allowed or (self.site.host,), connect_s=1, read_s=2, wall_s=2, is_robots_asked=self.is_robots_asked
        )
        return Crawler(
            self.root,
            rules,
            refuse=refuse,
            max_words=self.max_words,
            stop=self.stop,
            wait=wait or self.waited.append,
        )

    def chunks(self) -> dict[str, str]:
        """Give the story's chunks: name and text."""
        return {chunk.name: chunk.read_text() for chunk in sorted(self.story.glob("chunk_*.txt"))}

    def card(self, name: str) -> dict[str, object]:
        """Give the card of a chunk."""
        read = json.loads((self.story / f"{name}.json").read_text())
        assert isinstance(read, dict)
        return read


@pytest.fixture
def house(tmp_path: Path, site: Site) -> House:
    """A spool of this test's own; its site has three small pages."""
    site.pages["/a"] = answer("a1 a2 a3. a4 a5.\n\na6 a7.")
    site.pages["/b"] = answer("b1 b2.")
    site.pages["/c"] = answer("c1 c2.")
    return House(tmp_path, site)


def test_crawl_writes_numbered_chunks_with_cards(house: House) -> None:
    """A link file becomes chunks in its story; each card says which page, part and bytes they are."""
    link = house.drop("one.txt", "# a fable", "", "/a", "/b")

    (crawled,) = house.crawler().crawl_once()

    assert house.chunks() == {
        "chunk_0001.txt": "a1 a2 a3. a4 a5.\n",
        "chunk_0002.txt": "a6 a7.\n",
        "chunk_0003.txt": "b1 b2.\n",
    }
    assert house.card("chunk_0002.txt") == {
        "url": house.site.url("/a"),
        "final_url": house.site.url("/a"),
        "fetched_at": house.card("chunk_0002.txt")["fetched_at"],
        "status": 200,
        "content_type": "text/plain",
        "charset": "utf-8",
        "title": "",
        "fetched_sha256": hashlib.sha256(b"a1 a2 a3. a4 a5.\n\na6 a7.").hexdigest(),
        "link": "one.txt",
        "link_sha256": hashlib.sha256(link.read_bytes()).hexdigest(),
        "url_index": 1,
        "part": 2,
        "parts": 2,
        "words": 2,
        "sha256": hashlib.sha256(b"a6 a7.\n").hexdigest(),
    }
    assert [result.chunks for result in crawled.results] == [("chunk_0001.txt", "chunk_0002.txt"), ("chunk_0003.txt",)]
    assert not house.refused


def test_crawl_takes_the_text_out_of_html(house: House) -> None:
    """An HTML page becomes its story, without its menu."""
    house.site.pages["/page"] = answer(HTML, "text/html; charset=utf-8")
    house.max_words = 10_000
    house.drop("one.txt", "/page")

    house.crawler().crawl_once()

    assert STORY in house.chunks()["chunk_0001.txt"]
    assert "Home" not in house.chunks()["chunk_0001.txt"]


def test_crawl_numbers_on_over_link_files(house: House) -> None:
    """Link files are taken in path order, and the second goes on where the first ended."""
    house.drop("two.txt", "/b")
    house.drop("one.txt", "/a")
    crawler = house.crawler()

    crawler.crawl_once()
    house.drop("three.txt", "/c")
    crawler.crawl_once()

    assert [text[0] for text in house.chunks().values()] == ["a", "a", "b", "c"]


def test_crawl_does_a_link_file_once(house: House) -> None:
    """Where the report stands, nothing is asked again."""
    house.drop("one.txt", "/a")
    house.crawler().crawl_once()
    house.site.asked.clear()

    assert house.crawler().crawl_once() == ()
    assert house.site.asked == []


def test_crawl_overlooks_what_is_not_ready(house: House) -> None:
    """A file without its side file, and a dot name, are not there yet."""
    house.drop("one.txt", "/a", side=False)
    house.drop(".two.txt", "/a")

    assert house.crawler().crawl_once() == ()
    assert house.site.asked == []


def test_crawl_reports_what_failed_and_keeps_the_rest(house: House) -> None:
    """One bad address among good ones costs its own text only, and the report says why."""
    link = house.drop("one.txt", "/missing", "/b", "ftp://example.com/")

    house.crawler().crawl_once()

    report = json.loads(link.with_name(".one.txt.crawl.json").read_text())
    assert [(entry["is_ok"], entry["code"], entry["chunks"]) for entry in report["urls"]] == [
        (False, "http-404", []),
        (True, "", ["chunk_0001.txt"]),
        (False, "url-not-allowed", []),
    ]
    assert not house.refused


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("/missing",), "http-404"),
        (("/missing", "/empty"), "no-text"),
        (("/empty",), "no-text"),
        (("http://127.0.0.1/",), "address-not-public"),
        (("# nothing",), "no-url"),
        (tuple(f"/{n}" for n in range(1001)), "too-many-urls"),
        (("\udcff",), "not-utf8"),
    ],
)
def test_crawl_refuses_a_link_file_without_text(house: House, lines: tuple[str, ...], code: str) -> None:
    """A link file that gives no text at all is refused with the code of its trouble, and gets no report."""
    house.site.pages["/empty"] = answer(" ")
    if code == "not-utf8":
        link = house.drop("one.txt")
        link.write_bytes(b"\xff\xfe\xfd")
    else:
        link = house.drop("one.txt", *lines)

    (crawled,) = house.crawler().crawl_once()

    assert crawled.is_refused
    assert [(path, error.word) for path, error in house.refused] == [(link, code)]
    assert not link.with_name(".one.txt.crawl.json").exists()


def test_crawl_names_each_trouble_in_one_sentence(house: House) -> None:
    """The refusal reads as one sentence in which every address has its trouble."""
    house.drop("one.txt", "/x", "file:///etc/passwd")

    house.crawler().crawl_once()

    assert house.refused[0][1].message == (
        f"no address in one.txt gave a text: line 1: {house.site.url('/x')} answered with status 404 (http-404); "
        "line 2: file:///etc/passwd may not be fetched: only http and https are (url-not-allowed)"
    )
    assert "file:///etc/passwd may not be fetched" in str(house.refused[0][1].facts["line_2"])


def test_crawl_tries_a_busy_server_three_times(house: House) -> None:
    """A server that is busy twice is asked a third time, after 1 and 4 seconds."""
    house.site.pages["/b"] = answer(status=503)

    def wait(seconds: float) -> None:
        house.waited.append(seconds)
        if seconds == 4:
            house.site.pages["/b"] = answer("b1")

    house.drop("one.txt", "/b")
    house.crawler(wait).crawl_once()

    assert house.site.asked == ["/b"] * 3
    assert [seconds for seconds in house.waited if seconds in {1, 4}] == [1, 4]
    assert house.chunks() == {"chunk_0001.txt": "b1\n"}


def test_crawl_goes_on_after_a_kill_between_addresses(house: House) -> None:
    """Killed before the second address, it asks only for that one, and writes no chunk twice."""
    house.site.pages["/robots.txt"] = answer("User-agent: *\nCrawl-delay: 20")
    house.is_robots_asked = True
    house.drop("one.txt", "/a", "/b")

    def die(seconds: float) -> None:
        if seconds > 2:  # after a page, not after robots.txt
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.crawler(die).crawl_once()
    before = house.chunks()
    house.crawler().crawl_once()

    assert list(before) == ["chunk_0001.txt", "chunk_0002.txt"]
    assert list(house.chunks()) == ["chunk_0001.txt", "chunk_0002.txt", "chunk_0003.txt"]
    assert house.site.asked == ["/robots.txt", "/a", "/robots.txt", "/b"]


@pytest.mark.parametrize("lost", [("2",), ("1", "2"), ("2", "2.json"), ("1", "1.json", "2", "2.json", "3", "3.json")])
def test_crawl_fills_up_what_a_kill_left_out(house: House, lost: tuple[str, ...]) -> None:
    """Whatever chunks and cards a kill left out, the next run gives every part exactly once and replaces none."""
    link = house.drop("one.txt", "/a", "/b")
    house.crawler().crawl_once()
    link.with_name(".one.txt.crawl.json").unlink()
    for what in lost:
        number, _, is_card = what.partition(".")
        (house.story / f"chunk_000{number}.txt{'.json' if is_card else ''}").unlink()
    kept = {chunk: chunk.stat().st_ino for chunk in house.story.glob("chunk_*.txt")}

    house.crawler().crawl_once()

    parts = sorted((house.card(name)["url_index"], house.card(name)["part"]) for name in house.chunks())
    assert parts == [(1, 1), (1, 2), (2, 1)]
    assert sorted(house.chunks().values()) == ["a1 a2 a3. a4 a5.\n", "a6 a7.\n", "b1 b2.\n"]
    assert all(chunk.stat().st_ino == inode for chunk, inode in kept.items())


def test_crawl_leaves_a_foreign_card_its_number(house: House) -> None:
    """A number that anyone else's card or chunk holds is not used again."""
    house.drop("one.txt", "/b")
    (house.story / "chunk_0007.txt.json").write_text("not a card")

    house.crawler().crawl_once()

    assert house.chunks() == {"chunk_0008.txt": "b1 b2.\n"}


def test_crawl_stops_when_asked(house: House) -> None:
    """A stop ends the round without a report, a refusal, or an error."""
    link = house.drop("one.txt", "/b")
    house.stop.set()

    assert house.crawler().crawl_once() == ()
    assert link.exists()
    assert not house.refused
    assert house.site.asked == []


def test_crawl_stops_while_it_waits_for_a_busy_server(house: House) -> None:
    """A stop in the midst of a back-off is no trouble of the address: nothing is refused, and the file stays."""
    link = house.drop("one.txt", "/busy")
    house.site.pages["/busy"] = answer(status=503)

    assert house.crawler(lambda _: house.stop.set()).crawl_once() == ()
    assert link.exists()
    assert not house.refused
    assert house.site.asked == ["/busy"]


def test_crawl_puts_off_a_file_for_addresses_out_of_reach(house: House) -> None:
    """A busy page costs the others nothing: their text stands, and the file waits for it, without a report."""
    link = house.drop("one.txt", "/b", "/busy", "/c")
    house.site.pages["/busy"] = answer(status=503)
    crawler = house.crawler()

    (crawled,) = crawler.crawl_once()

    assert crawled.is_put_off
    assert [result.code for result in crawled.results] == ["", "http-503", ""]
    assert house.chunks() == {"chunk_0001.txt": "b1 b2.\n", "chunk_0002.txt": "c1 c2.\n"}
    assert not report_of(link).exists()
    assert crawler.crawl_once() == ()  # not before its time


def test_crawl_asks_again_only_for_what_was_out_of_reach(house: House) -> None:
    """When the time has come, only the page that was busy is asked for, and then the file is done."""
    link = house.drop("one.txt", "/b", "/busy", "/c")
    house.site.pages["/busy"] = answer(status=503)
    house.crawler().crawl_once()
    house.site.pages["/busy"] = answer("late.")
    house.site.asked.clear()

    house.crawler().crawl_once()

    assert house.site.asked == ["/busy"]
    assert [house.card(name)["url_index"] for name in house.chunks()] == [1, 3, 2]
    assert report_of(link).exists()


def test_crawl_asks_for_a_page_once_however_often_it_is_named(house: House) -> None:
    """Two spellings of one address are one page: asked once, written once, and both are told the same."""
    link = house.drop("one.txt", "/b", f"HTTP://{house.site.host}/b#part", "/missing", "/missing")

    house.crawler().crawl_once()

    assert house.site.asked == ["/b", "/missing"]
    told = json.loads(report_of(link).read_text())["urls"]
    assert [(each["line"], each["same_as"], each["code"], each["chunks"]) for each in told] == [
        (1, 0, "", ["chunk_0001.txt"]),
        (2, 1, "", ["chunk_0001.txt"]),
        (3, 0, "http-404", []),
        (4, 3, "http-404", []),
    ]


def test_crawl_takes_stories_side_by_side(house: House) -> None:
    """A story whose host is slow holds up no other story."""
    began, ended = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        began.set()
        ended.wait(1.9)
        answer("s1.")(handler)

    with serving() as other:
        house.drop("one.txt", "/slow")
        house.site.pages["/slow"] = slow
        other.pages["/o"] = answer("o1.")
        there = house.root / "scanned/story/fables/hen/link/two.txt"
        there.parent.mkdir(parents=True)
        there.write_text(f"http://localhost:{other.server_port}/o")
        there.with_name("two.txt.json").write_text("{}")
        chunk = house.root / "scanned/story/fables/hen/chunk_0001.txt"

        def tick() -> None:
            if began.is_set() and chunk.exists():
                ended.set()

        crawler = house.crawler(allowed=(house.site.host, f"localhost:{other.server_port}"))
        crawled = crawler.crawl_once(tick)

    assert ended.is_set()
    assert chunk.read_text() == "o1.\n"
    assert [each.link.name for each in crawled] == ["one.txt", "two.txt"]
