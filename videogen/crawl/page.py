"""The text of a page, taken out by a child process that can neither outgrow its memory nor run on.

A page is someone else's bytes and an HTML parser is a large program in C: so the work is done in a child, which gets
the page as a file, shuts itself in, and answers with JSON: what a page makes it do, it opens no file and no connection.
Run `python -m videogen.crawl.page FILE CONTENT_TYPE CHARSET` to see it work.
Of trafilatura only `extract` is used, never its fetch: that one tries again without a certificate.
"""

import json
import os
import re
import sys
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from videogen.cage import CAPTURE_BYTES, Limits, run
from videogen.crawl.address import shown
from videogen.crawl.fetch import Page
from videogen.errors import InputError, SetupError, Stalled
from videogen.jail import enclose

LIMITS = Limits(memory_bytes=1 << 30, cpu_s=10, open_files=64)
WALL_S = 15.0
TITLE_CHARACTERS = 300
MAX_TREE_ELEMENTS = "100000"
"""trafilatura's own limit is off by default; a story has a few thousand elements."""

NOT_INSTALLED = SetupError.exit_code
META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# Marks that turn the reading order round without being seen, and the byte order mark in the midst of a text.
UNSEEN = dict.fromkeys((0xFEFF, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
PAGE_END = re.compile("[\f\u2029]")
LINE_END = re.compile("\r\n?|[\v\x85\u2028]")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# What web pages call latin-1 is this, and has been since the first browsers.
REALLY = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}


@dataclass(frozen=True)
class PageText:
    """What a page says: NFC, no control characters, paragraphs parted by one blank line."""

    title: str
    text: str


def clean(text: str) -> str:
    """Give a text as NFC without control characters; a line is trimmed, and one blank line stands for many."""
    text = LINE_END.sub("\n", PAGE_END.sub("\n\n", text)).replace("\t", " ").translate(UNSEEN)
    text = unicodedata.normalize("NFC", CONTROL.sub("", text))
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def decode(body: bytes, declared: str) -> str:
    """Give the text of bytes: by byte order mark, else as declared, else as the page itself says, else UTF-8."""
    marked = next((name for mark, name in BYTE_ORDER_MARKS if body.startswith(mark)), "")
    said = META_CHARSET.search(body[:4096])
    for name in (marked, declared, said[1].decode("ascii") if said else ""):
        try:
            if name:
                return body.decode(REALLY.get(name.lower(), name), "replace")
        except (LookupError, UnicodeError):  # no such charset, or one of Python's codecs that is none
            continue
    return body.decode("utf-8", "replace")


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
        decoded = decode(body, charset)
        found = PageText("", decoded) if content_type == "text/plain" else _read_html(decoded)
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_INSTALLED)
    title = " ".join(clean(found.title).split())[:TITLE_CHARACTERS]
    answer = json.dumps({"title": title, "text": clean(found.text)}, ensure_ascii=False)
    sys.stdout.buffer.write(answer.encode())


def child_environment() -> dict[str, str]:
    """Give the child what it needs to find its modules, and nothing that is secret."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
    }


def _refusal(page: Page, why: str, code: str) -> InputError:
    return InputError(f"{shown(page.final_url)} {why}", remedy="Open it in a browser and see.", code=code)


def extract_text(page: Page, *, limits: Limits = LIMITS) -> PageText:
    """Give the title and text of a page.

    Raises: InputError: `no-text`: there is none, or only scripts would write it. `too-large`: more than 4 MiB of text.
    `page-too-heavy`: reading it took more memory or time than a page may. SetupError: trafilatura is missing.
    """
    with tempfile.NamedTemporaryFile(prefix="videogen-page-") as file:
        file.write(page.body)
        file.flush()
        asked = [file.name, page.content_type, page.charset]
        # The package's own import has read this module already; runpy thinks that worth a warning.
        python = [sys.executable, "-P", "-W", "ignore::RuntimeWarning:runpy"]
        try:
            argv = [*python, "-m", "videogen.crawl.page", *asked]
            ended = run(argv, limits, timeout_s=WALL_S, env=child_environment())
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
    found = PageText(**json.loads(ended.stdout))
    if not found.text.strip():
        raise _refusal(page, "holds no text that can be read without running its scripts", "no-text")
    return found


if __name__ == "__main__":
    main()
