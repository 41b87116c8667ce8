"""Link files into chunks of text: `scanned/story/<category>/<story>/link/*.txt` to `.../chunk_0001.txt`.

Stories are crawled side by side, and the link files and addresses of one story one after another: the numbers of its
chunks are the order in which it is told. So a slow host holds up the stories that ask for it, and no other.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from itertools import groupby
from pathlib import Path

import structlog

from videogen.crawl.address import shown
from videogen.crawl.chunks import split, words
from videogen.crawl.fetch import fetch
from videogen.crawl.line import FetchRules
from videogen.crawl.links import LINK_BYTES, Link, read_links
from videogen.crawl.page import Page, PageText, extract_text
from videogen.crawl.report import Crawled, UrlResult, bad, good, nothing_found, report_of, shared, write_report
from videogen.crawl.story import Source, Story
from videogen.crawl.turns import Turns, patiently
from videogen.errors import InputError, NoSpace, Stopped, TemporaryError, VideogenError

AGAIN_S = 600.0
"""A link file with addresses out of reach for a passing cause is tried again this much later."""
ROUNDS = 6
"""So often a file is tried for the rest of its addresses, once some gave text; then its report says which did not."""
SIDE_BY_SIDE = 4
"""Stories at once: most of a crawl is waiting, and four pages and one parser fit into the unit's memory."""
LOOK_S = 0.2
NEW_S = 2.0
"""While a round lasts, new link files are looked for this often."""

log = structlog.get_logger("crawl")


def _side_file(link: Path) -> Path:
    return link.with_name(f"{link.name}.json")


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
        self._turns = Turns(rules, self._pause)
        self._parsing = threading.Lock()
        self._has_failed = threading.Event()
        self._later: dict[Path, float] = {}
        self._rounds: dict[Path, int] = {}

    def crawl_once(self, tick: Callable[[], object] = lambda: None) -> tuple[Crawled, ...]:
        """Crawl every link file that has no report yet, also those that come meanwhile; give them in path order.

        A stop ends it early and loses nothing. `tick` is called a few times a second, from the calling thread.
        Raises: NoSpace: the disk is full. SetupError: trafilatura is missing. In both cases nothing is refused.
        """
        done: list[Crawled] = []
        tried: set[Path] = set()
        working: dict[Future[list[Crawled]], Path] = {}
        self._has_failed.clear()
        look_at = 0.0
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="crawl") as pool:
            try:
                while True:
                    if time.monotonic() >= look_at and not self._stop.is_set():
                        look_at = time.monotonic() + NEW_S
                        self._begin(pool, working, tried)
                    if not working:
                        return tuple(sorted(done, key=lambda crawled: crawled.link))
                    tick()
                    ended, _ = wait_for(working, LOOK_S, FIRST_COMPLETED)
                    for future in ended:
                        del working[future]
                        done += future.result()
                        look_at = 0.0
            except BaseException:
                self._has_failed.set()  # the others end at their next pause
                raise

    def _begin(self, pool: ThreadPoolExecutor, working: dict[Future[list[Crawled]], Path], tried: set[Path]) -> None:
        """Give stories nobody works on to free threads; each link file once a round."""
        now = time.monotonic()
        due = [link for link in self.waiting() if link not in tried and self._later.get(link, 0.0) <= now]
        for story, links in groupby(due, key=lambda link: link.parent.parent):
            if len(working) >= SIDE_BY_SIDE:
                return
            if story not in working.values():
                its = list(links)
                tried.update(its)
                working[pool.submit(self._crawl_story, its)] = story

    def waiting(self) -> list[Path]:
        """Give the link files that have no report yet, in path order."""
        stories = self._root / "scanned" / "story"
        links = (link for link in stories.glob("*/*/link/*.txt") if link.is_file() and not link.is_symlink())
        visible = (link for link in links if not any(name.startswith(".") for name in link.relative_to(stories).parts))
        return sorted(link for link in visible if _side_file(link).is_file() and not report_of(link).exists())

    def _crawl_story(self, links: Sequence[Path]) -> list[Crawled]:
        done: list[Crawled] = []
        for link in links:
            try:
                done.append(self._crawl(link))
            except Stopped:
                break
            except FileNotFoundError:
                if link.exists():
                    raise
                # Someone took the file away meanwhile.
        return done

    def _crawl(self, file: Path) -> Crawled:
        with file.open("rb") as opened:
            raw = opened.read(LINK_BYTES + 1)
        sha256 = hashlib.sha256(raw).hexdigest()
        try:
            links = read_links(file, raw, self._rules.allowed_hosts)
        except InputError as error:
            return self._refused(file, (), error)
        story = Story(file.parent.parent, sha256)
        results: list[UrlResult] = []
        for link in links:
            known = results[link.same_as - 1] if link.same_as else None
            results.append(shared(link, known) if known else self._crawl_link(story, file, sha256, link))
        return self._settled(file, sha256, tuple(results))

    def _settled(self, file: Path, sha256: str, results: tuple[UrlResult, ...]) -> Crawled:
        """Report a link file, refuse it, or leave it for later."""
        has_text = any(result.is_ok for result in results)
        if any(result.is_temporary for result in results):
            rounds = self._rounds[file] = self._rounds.get(file, 0) + 1
            if not has_text or rounds < ROUNDS:
                return self._put_off(file, results)
        if not has_text:
            return self._refused(file, results, nothing_found(file, results))
        write_report(file, sha256, results)
        self._forget(file)
        return Crawled(file, results)

    def _put_off(self, file: Path, results: tuple[UrlResult, ...]) -> Crawled:
        """Leave a link file where it is: a network that was away is no fault of the file's."""
        self._later[file] = time.monotonic() + AGAIN_S
        trouble = next(result.told() for result in results if result.is_temporary)
        log.warning(f"Left {file.relative_to(self._root)} for later", because=trouble, again_in_s=AGAIN_S)
        return Crawled(file, results, is_put_off=True)

    def _refused(self, file: Path, results: tuple[UrlResult, ...], error: InputError) -> Crawled:
        self._refuse(file, error)
        self._forget(file)
        return Crawled(file, results, is_refused=True)

    def _forget(self, file: Path) -> None:
        self._later.pop(file, None)
        self._rounds.pop(file, None)

    def _crawl_link(self, story: Story, file: Path, file_sha256: str, link: Link) -> UrlResult:
        if whole := story.whole(link.index):
            return good(link, whole)
        began = time.monotonic()
        try:
            page, found = self._read(link.url)
        except (InputError, TemporaryError) as error:
            if isinstance(error, Stopped | NoSpace):
                raise
            where, seconds = f"{file.name}:{link.line}", round(time.monotonic() - began, 1)
            log.warning(
                f"Could not crawl {shown(link.url)}: {error.message}", code=error.word, link=where, seconds=seconds
            )
            return bad(link, error, seconds)
        texts = split(found.text, self._max_words)
        chunks = story.write(_source(file, file_sha256, link, page, found, parts=len(texts)), texts)
        span = " … ".join(str(chunk.relative_to(self._root)) for chunk in dict.fromkeys((chunks[0], chunks[-1])))
        seconds = round(time.monotonic() - began, 1)
        log.info(f"Crawled {shown(link.url)} → {span}", words=sum(map(words, texts)), seconds=seconds)
        return good(link, chunks, seconds)

    def _read(self, url: str) -> tuple[Page, PageText]:
        """Fetch a page and take its text out; what may pass is tried three times."""

        def wait(error: TemporaryError, seconds: float) -> None:
            log.info(f"Waiting to try {shown(url)} again: {error.message}", seconds=seconds, code=error.word)
            self._pause(seconds)

        page = patiently(lambda: fetch(url, self._rules, turn=self._turns.at), wait)
        with self._parsing:
            return page, extract_text(page, stop=self._stop)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._wait(seconds)
        if self._stop.is_set() or self._has_failed.is_set():
            raise Stopped("the crawler was stopped", remedy="It goes on where it was when it starts again.")


def _source(file: Path, file_sha256: str, link: Link, page: Page, found: PageText, *, parts: int) -> Source:
    return Source(
        url=link.url,
        final_url=page.final_url,
        fetched_at=page.fetched_at,
        status=page.status,
        content_type=page.content_type,
        charset=found.charset,
        title=found.title,
        fetched_sha256=page.fetched_sha256,
        link=file.name,
        link_sha256=file_sha256,
        url_index=link.index,
        parts=parts,
    )
