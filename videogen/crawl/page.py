"""The text of a page, taken out by a child process that can neither outgrow its memory nor run on.

A page is someone else's bytes and an HTML parser is a large program in C: so the work is done in a child, which gets
the page as a file, shuts itself in, and answers with JSON: what a page makes it do, it opens no file and no connection.
Run `python -m videogen.crawl.page FILE CONTENT_TYPE CHARSET` to see it work.
Of trafilatura only `extract` is used, never its fetch: that one tries again without a certificate.
"""

import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event

from videogen.cage import CAPTURE_BYTES, Limits, child_environment, run
from videogen.crawl.address import shown
from videogen.crawl.charset import decode
from videogen.crawl.cleaning import clean
from videogen.crawl.lack import LACKS, lack, noise
from videogen.errors import InputError, NoSpace, SetupError, Stalled
from videogen.jail import enclose

LIMITS = Limits(memory_bytes=1 << 30, cpu_s=10, open_files=64)
WALL_S = 15.0
TITLE_CHARACTERS = 300
MAX_TREE_ELEMENTS = "100000"
"""trafilatura's own limit is off by default; a story has a few thousand elements."""

NOT_INSTALLED = SetupError.exit_code
NOT_PAGES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"OggS", "a sound"),
    (b"ID3", "a sound"),
    (b"\x7fELF", "a program"),
)
"""What servers send under the name of a page."""


@dataclass(frozen=True)
class Page:
    """A page as it came. `charset` is what the server declared, empty if nothing; the hash is that of `body`.

    Units: `fetched_at` is UTC, as in 2025-11-10T18:03:44Z.
    """

    final_url: str
    status: int
    content_type: str
    charset: str
    body: bytes
    fetched_sha256: str
    fetched_at: str = ""


@dataclass(frozen=True)
class PageText:
    """What a page says: NFC, no control characters, paragraphs parted by one blank line; and how it was read."""

    title: str
    text: str
    charset: str = ""
    lack: str = ""


def _enclose(content_type: str) -> None:
    """Have this process open nothing more, but the code it runs."""
    code = [str(Path(os.__file__).parent)]
    if content_type != "text/plain":
        # Here, not on top: it takes half a second, and only the child ever needs it.
        import trafilatura  # noqa: PLC0415

        code.append(str(Path(trafilatura.__file__).parents[1]))  # it imports more as it goes
    enclose(read=code)


def _read_html(html: str) -> PageText:
    from trafilatura import extract  # noqa: PLC0415 -- as above
    from trafilatura.settings import use_config  # noqa: PLC0415

    config = use_config()
    config.set("DEFAULT", "MAX_TREE_SIZE", MAX_TREE_ELEMENTS)
    config.set("DEFAULT", "EXTENSIVE_DATE_SEARCH", "off")
    found = extract(html, output_format="json", with_metadata=True, include_comments=False, config=config)
    fields = json.loads(found) if found else {}
    # It puts every paragraph on a line of its own.
    return PageText(fields.get("title") or "", (fields.get("text") or "").replace("\n", "\n\n"))


def main() -> None:
    """Print the title and text of the page in a file as JSON; exit with NOT_INSTALLED without trafilatura."""
    file, content_type, charset = sys.argv[1:4]
    body = Path(file).read_bytes()
    try:
        _enclose(content_type)
        source, read_as = decode(body, charset)
        found = PageText("", source) if content_type == "text/plain" else _read_html(source)
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_INSTALLED)
    title = " ".join(clean(found.title).split())[:TITLE_CHARACTERS]
    text = clean(found.text)
    lacks = "binary" if noise(source) else lack("" if content_type == "text/plain" else source, text)
    told = PageText(title, text, read_as, lacks)
    sys.stdout.buffer.write(json.dumps(asdict(told), ensure_ascii=False).encode())


def _refusal(page: Page, why: str, code: str, remedy: str = "Open it in a browser and see.") -> InputError:
    return InputError(f"{shown(page.final_url)} {why}", remedy=remedy, code=code)


def _told(answer: bytes) -> PageText:
    """Read what the child said: it read a stranger's bytes, so it is believed no more than they are.

    Raises: ValueError: it is no answer.
    """
    fields = json.loads(answer)
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("not an answer")
    told = PageText(**{name: fields[name] for name in ("title", "text", "charset", "lack") if name in fields})
    if told.lack not in LACKS and told.lack:
        raise ValueError("no such lack")
    return told


def extract_text(page: Page, *, limits: Limits = LIMITS, stop: Event | None = None) -> PageText:
    """Give the title and text of a page.

    Raises: InputError: `no-text`: there is none, and why, where that can be seen. `content-type`: it is no page,
    whatever the server says. `too-large`: more than 4 MiB of text. `page-too-heavy`: reading it took more memory or
    time than a page may. SetupError: trafilatura is missing. Stopped: `stop` was set.
    """
    for magic, kind in NOT_PAGES:
        if page.body.startswith(magic):
            why = f"is {kind}, though its server calls it {page.content_type}"
            raise _refusal(page, why, "content-type", "Give the address of an HTML or plain text page.")
    with tempfile.NamedTemporaryFile(prefix="videogen-page-") as file:
        try:
            file.write(page.body)
            file.flush()
        except OSError as error:
            file.close()
            raise NoSpace("a page finds no room on the disk", remedy="Free space in the temporary folder.") from error
        asked = [file.name, page.content_type, page.charset]
        # The package's own import has read this module already; runpy thinks that worth a warning.
        python = [sys.executable, "-P", "-W", "ignore::RuntimeWarning:runpy"]
        try:
            argv = [*python, "-m", "videogen.crawl.page", *asked]
            ended = run(argv, limits, timeout_s=WALL_S, env=child_environment(), stop=stop)
        except Stalled as error:
            raise _refusal(page, f"could not be read within {WALL_S:g} s", "page-too-heavy") from error
    if ended.status == NOT_INSTALLED:
        said = " ".join(ended.stderr.decode(errors="replace").split())[:200]
        raise SetupError(
            f"pages cannot be read, since trafilatura cannot be imported ({said})",
            remedy="Install videogen again with all it depends on.",
            code="trafilatura-missing",
        )
    if len(ended.stdout) >= CAPTURE_BYTES:
        raise _refusal(page, f"has more than {CAPTURE_BYTES} bytes of text", "too-large")
    if ended.status != 0:
        raise _refusal(page, "takes more memory or time to read than a page may", "page-too-heavy")
    try:
        found = _told(ended.stdout)
    except (ValueError, TypeError) as error:
        raise _refusal(page, "could not be read", "page-too-heavy") from error
    if found.lack or not found.text.strip():
        why, remedy = LACKS[found.lack or "empty"]
        raise _refusal(page, why, "no-text", remedy)
    return found


if __name__ == "__main__":
    main()
