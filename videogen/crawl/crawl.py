"""Link files into chunks of text: `scanned/story/<category>/<story>/link/*.txt` to `.../chunk_0001.txt`."""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from videogen import durable
from videogen.crawl.address import shown
from videogen.crawl.chunks import split, words
from videogen.crawl.fetch import FetchRules, Page, fetch
from videogen.crawl.page import PageText, extract_text
from videogen.crawl.story import Source, Story
from videogen.errors import InputError, Stopped, TemporaryError, VideogenError

LINES = 1000
LINK_BYTES = 4 << 20
BACK_OFF_S = (1.0, 4.0)
AGAIN_S = 600.0
"""A link file whose addresses were out of reach for a passing cause is tried again this much later."""
"""What is waited before the second and the third try."""
BETWEEN_REQUESTS_S = 1.0
TROUBLES_NAMED = 10

log = structlog.get_logger("crawl")


@dataclass(frozen=True)
class UrlResult:
    """What became of one address of a link file: its chunks' names, or the code and sentence of its trouble."""

    index: int
    url: str
    is_ok: bool
    chunks: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    is_temporary: bool = False


@dataclass(frozen=True)
class Crawled:
    """A link file that is done. `is_refused`: no address gave text, and the file was handed to `refuse`."""

    link: Path
    results: tuple[UrlResult, ...]
    is_refused: bool = False


def report_of(link: Path) -> Path:
    """Name the report of a link file; where it stands, the file is done."""
    return link.with_name(f".{link.name}.crawl.json")


def _side_file(link: Path) -> Path:
    return link.with_name(f"{link.name}.json")


def read_urls(link: Path, raw: bytes) -> tuple[str, ...]:
    """Give the addresses in a link file: one a line; blank lines and those that begin with # are none.

    Raises: InputError: `not-utf8`, `too-many-urls`, or `no-url`.
    """
    remedy = "Drop a UTF-8 text file with one address a line."
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(link.name)} is not UTF-8", remedy=remedy, code="not-utf8") from error
    if len(lines) > LINES or len(raw) > LINK_BYTES:
        message = f"{shown(link.name)} is longer than {LINES} lines or {LINK_BYTES} bytes"
        raise InputError(message, remedy="Split it into several files.", code="too-many-urls")
    urls = tuple(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))
    if not urls:
        raise InputError(f"{shown(link.name)} names no address", remedy=remedy, code="no-url")
    return urls


def _nothing_found(link: Path, results: tuple[UrlResult, ...]) -> InputError:
    """Put the troubles of all addresses into one error; its code is theirs if they share one."""
    codes = {result.code for result in results}
    named = [f"{result.message} ({result.code})" for result in results[:TROUBLES_NAMED]]
    if len(results) > TROUBLES_NAMED:
        named.append(f"and {len(results) - TROUBLES_NAMED} more")
    return InputError(
        f"no address in {shown(link.name)} gave a text: {'; '.join(named)}",
        remedy="Open the addresses in a browser, and drop the file again when they show a text.",
        code=codes.pop() if len(codes) == 1 else "no-text",
    )


class Crawler:
    """Crawls the link files of a spool. `refuse` is given a link file without any text, and takes it away.

    `wait` waits that many seconds, or shorter when `stop` is set.
    """

    def __init__(
        self,
        root: Path,
        rules: FetchRules,
        *,
        refuse: Callable[[Path, VideogenError], object],
        max_words: int,
        stop: threading.Event,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._root = root
        self._rules = rules
        self._refuse = refuse
        self._max_words = max_words
        self._stop = stop
        self._wait = wait or stop.wait
        self._not_before: dict[str, float] = {}
        self._later: dict[Path, float] = {}

    def crawl_once(self) -> tuple[Crawled, ...]:
        """Crawl every link file that has no report yet, in path order; a stop ends it early and loses nothing.

        Raises: NoSpace: the disk is full. SetupError: trafilatura is missing. In both cases nothing is refused.
        """
        done: list[Crawled] = []
        for link in self.waiting():
            if self._later.get(link, 0.0) > time.monotonic():
                continue
            try:
                done.append(self._crawl(link))
            except Stopped:
                break
            except FileNotFoundError:
                if link.exists():
                    raise
                # Someone took the file away meanwhile.
        return tuple(done)

    def waiting(self) -> list[Path]:
        """Give the link files that have no report yet, in path order."""
        stories = self._root / "scanned" / "story"
        links = (link for link in stories.glob("*/*/link/*.txt") if link.is_file() and not link.is_symlink())
        visible = (link for link in links if not any(name.startswith(".") for name in link.relative_to(stories).parts))
        return sorted(link for link in visible if _side_file(link).is_file() and not report_of(link).exists())

    def _crawl(self, link: Path) -> Crawled:
        with link.open("rb") as file:
            raw = file.read(LINK_BYTES + 1)
        sha256 = hashlib.sha256(raw).hexdigest()
        try:
            urls = read_urls(link, raw)
        except InputError as error:
            return self._refused(link, (), error)
        story = Story(link.parent.parent, sha256)
        results = tuple(self._crawl_url(story, link, sha256, index, url) for index, url in enumerate(urls, 1))
        if not any(result.is_ok for result in results):
            if any(result.is_temporary for result in results):
                return self._put_off(link, results)
            return self._refused(link, results, _nothing_found(link, results))
        report = {"link": link.name, "link_sha256": sha256, "urls": [asdict(result) for result in results]}
        durable.write(report_of(link), json.dumps(report, ensure_ascii=False, indent=1) + "\n")
        return Crawled(link, results)

    def _put_off(self, link: Path, results: tuple[UrlResult, ...]) -> Crawled:
        """Leave a link file where it is: a network that was away is no fault of the file's."""
        self._later[link] = time.monotonic() + AGAIN_S
        trouble = next(result.message for result in results if result.is_temporary)
        log.warning(f"Left {link.relative_to(self._root)} for later", because=trouble, again_in_s=AGAIN_S)
        return Crawled(link, results)

    def _refused(self, link: Path, results: tuple[UrlResult, ...], error: InputError) -> Crawled:
        self._refuse(link, error)
        return Crawled(link, results, is_refused=True)

    def _crawl_url(self, story: Story, link: Path, link_sha256: str, index: int, url: str) -> UrlResult:
        if whole := story.whole(index):
            return UrlResult(index, url, True, tuple(chunk.name for chunk in whole))
        began = time.monotonic()
        try:
            page, found = self._read(url)
        except (InputError, TemporaryError) as error:
            if isinstance(error, Stopped):
                raise
            log.warning(f"Could not crawl {shown(url)}: {error.message}", code=error.word, link=link.name)
            passes = isinstance(error, TemporaryError)
            return UrlResult(index, url, False, code=error.word, message=error.message, is_temporary=passes)
        texts = split(found.text, self._max_words)
        source = Source(
            url, page.final_url, found.title, page.fetched_sha256, link.name, link_sha256, index, parts=len(texts)
        )
        chunks = story.write(source, texts)
        span = " … ".join(str(chunk.relative_to(self._root)) for chunk in dict.fromkeys((chunks[0], chunks[-1])))
        seconds = round(time.monotonic() - began, 1)
        log.info(f"Crawled {shown(url)} → {span}", words=sum(map(words, texts)), seconds=seconds)
        return UrlResult(index, url, True, tuple(chunk.name for chunk in chunks))

    def _read(self, url: str) -> tuple[Page, PageText]:
        """Fetch a page and take its text out; what may pass is tried three times."""
        for back_off_s in BACK_OFF_S:
            try:
                page = fetch(url, self._rules, before_request=self._take_turn)
                break
            except Stopped:
                raise
            except TemporaryError as error:
                log.info(f"Waiting to try {shown(url)} again: {error.message}", seconds=back_off_s, code=error.word)
                self._pause(back_off_s)
        else:
            page = fetch(url, self._rules, before_request=self._take_turn)
        return page, extract_text(page)

    def _take_turn(self, host: str) -> None:
        """Wait until this host may be asked once more, and count this time as asked."""
        self._pause(self._not_before.get(host, 0.0) - time.monotonic())
        self._not_before[host] = time.monotonic() + BETWEEN_REQUESTS_S

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._wait(seconds)
        if self._stop.is_set():
            raise Stopped("the crawler was stopped", remedy="It goes on where it was when it starts again.")
