"""What became of a link file: an entry for each address, kept beside the file, or told in one error."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from videogen import durable
from videogen.crawl.address import shown
from videogen.crawl.links import Link
from videogen.errors import InputError, TemporaryError, VideogenError

TROUBLES_NAMED = 10
TROUBLES_KEPT = 100


@dataclass(frozen=True)
class UrlResult:
    """What became of one address of a link file: its chunks' names, or the code and sentence of its trouble.

    `line` is where it stands in the file. `same_as` is the index of the address before it that leads to the same page,
    whose outcome this one shares; 0 where it was asked for itself.
    """

    index: int
    line: int
    url: str
    is_ok: bool
    chunks: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    remedy: str = ""
    is_temporary: bool = False
    same_as: int = 0
    seconds: float = 0.0

    def told(self) -> str:
        """Give the trouble as it stands in a message."""
        return f"line {self.line}: {self.message} ({self.code})"


@dataclass(frozen=True)
class Crawled:
    """A link file that was looked at. `is_refused`: no address gave text, and the file was handed to `refuse`.

    `is_put_off`: some address was out of reach, and the file is looked at again later.
    """

    link: Path
    results: tuple[UrlResult, ...]
    is_refused: bool = False
    is_put_off: bool = False


def good(link: Link, chunks: Sequence[Path], seconds: float = 0.0) -> UrlResult:
    """Give the entry of an address that gave text."""
    names = tuple(chunk.name for chunk in chunks)
    return UrlResult(link.index, link.line, link.url, True, names, seconds=round(seconds, 1))


def bad(link: Link, error: VideogenError, seconds: float = 0.0) -> UrlResult:
    """Give the entry of an address that gave none."""
    return UrlResult(
        link.index,
        link.line,
        link.url,
        False,
        code=error.word,
        message=error.message,
        remedy=error.remedy,
        is_temporary=isinstance(error, TemporaryError),
        seconds=round(seconds, 1),
    )


def shared(link: Link, first: UrlResult) -> UrlResult:
    """Give the entry of an address whose page was asked for before."""
    return replace(first, index=link.index, line=link.line, url=link.url, same_as=first.index, seconds=0.0)


def report_of(link: Path) -> Path:
    """Name the report of a link file; where it stands, the file is done."""
    return link.with_name(f".{link.name}.crawl.json")


def write_report(link: Path, link_sha256: str, results: Sequence[UrlResult]) -> None:
    """Make the report stand beside its link file, for good."""
    report = {"link": link.name, "link_sha256": link_sha256, "urls": [asdict(result) for result in results]}
    durable.write(report_of(link), json.dumps(report, ensure_ascii=False, indent=1) + "\n")


def nothing_found(link: Path, results: Sequence[UrlResult]) -> InputError:
    """Put the troubles of all addresses into one error; its code is theirs if they share one.

    Shape: the first ten stand in the sentence, the first hundred among the facts, as `line_<number>`.
    """
    codes = {result.code for result in results}
    named = [result.told() for result in results[:TROUBLES_NAMED]]
    if len(results) > TROUBLES_NAMED:
        named.append(f"and {len(results) - TROUBLES_NAMED} more")
    facts = {f"line_{each.line}": f"{each.code}: {each.message}. {each.remedy}" for each in results[:TROUBLES_KEPT]}
    remedy = "Open the addresses in a browser, and drop the file again when they show a text."
    return InputError(
        f"no address in {shown(link.name)} gave a text: {'; '.join(named)}",
        remedy=results[0].remedy if len(results) == 1 else remedy,
        code=codes.pop() if len(codes) == 1 else "no-text",
        **facts,
    )
