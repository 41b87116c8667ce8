# ruff: noqa: E501 -- a table: one row, one line
"""Every odd name, and what is no regular file: N1-N36."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from tests.corpus.boxes import box
from tests.corpus.item import Item, Stock, hole
from tests.corpus.strangers import CANARY

NOT_A_FILE = "not-a-file"


def signed(stock: Stock, sign: bytes) -> bytes:
    """Give a film that no other row has."""
    return stock.back + box("free", sign)


def _good(stock: Stock, path: Path) -> None:
    path.write_bytes(signed(stock, os.fsencode(path)[-200:]))


def _outside(stock: Stock) -> Path:
    return stock.folder.parent / CANARY


def _socket(stock: Stock, path: Path) -> None:
    # The path of a socket may be no longer than 107 bytes: it is made by its name alone.
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _linked(stock: Stock, path: Path) -> None:
    first = stock.folder / "linked.mp4"
    first.write_bytes(signed(stock, b"linked"))
    os.link(first, path)


def _tagged(stock: Stock, path: Path) -> None:
    _good(stock, path)
    os.setxattr(path, "user.note", b"x" * 1000)


def _dated(seconds: int) -> Callable[[Stock, Path], None]:
    def make(stock: Stock, path: Path) -> None:
        _good(stock, path)
        os.utime(path, (seconds, seconds))

    return make


def _link_to(target: str) -> Callable[[Stock, Path], None]:
    def make(stock: Stock, path: Path) -> None:
        path.symlink_to(target if target else _outside(stock))

    return make


def _device(stock: Stock, path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def _deep(stock: Stock, path: Path) -> None:
    inner = path / "f" / "g" / "x.mp4"
    inner.parent.mkdir(parents=True)
    _good(stock, inner)


def _folder(stock: Stock, path: Path) -> None:
    path.mkdir()


NAMES: dict[str, tuple[str, str | bytes]] = {
    "N13": ("a newline", "line\nbreak.mp4"),
    "N14": ("quotes", "'\"`\\.mp4"),
    "N15": ("a command", "$(touch x);|&.mp4"),
    "N16": ("a dash in front", "-y.mp4"),
    "N17": ("a protocol", "http:e.mp4"),
    "N18": ("another protocol", "concat:a|b.mp4"),
    "N19": ("a pattern", "img%03d.mp4"),
    "N20": ("two dots in it", "a..mp4"),
    "N20b": ("braces and quotes of a format", "{0}%s%(x)s{{.mp4"),
    "N21": ("255 bytes", "n" * 251 + ".mp4"),
    "N21b": ("255 bytes of two-byte letters", "ü" * 125 + "x.mp4"),
    "N23": ("a smile", "🙂.mp4"),
    "N24": ("bytes that are no UTF-8", b"\xff\xfe.mp4"),
    "N24b": ("half a surrogate", b"\xed\xa0\x80.mp4"),
    "N25": ("a terminal's commands", "\x1b[2J\x1b]0;x\x07.mp4"),
    "N25b": ("marks that turn the writing", "\u202e4pm.mp4"),
    "N25c": ("every control character", "".join(map(chr, range(1, 32))) + "\x7f.mp4"),
    "N28": ("capitals", "X.MP4"),
    "N29": ("a device of Windows", "CON.mp4"),
    "N29b": ("another", "NUL.mp4"),
    "N29c": ("signs Windows forbids", '<>:"|?*.mp4'),
    "N31": ("a blank in front", " x.mp4"),
    "N32": ("the name of a side file", "x.mp4.json.mp4"),
    "N32b": ("the name of a reason", "x.reason.json.mp4"),
    "N32c": ("a tilde and a number", "x~2.mp4"),
}
"""Names of films that are good."""


def _named(item_id: str, what: str, name: str | bytes) -> Item:
    place = f"video/{{id}}/{name if isinstance(name, str) else os.fsdecode(name)}"
    return Item(item_id, what, _good, "S", place=place)


# fmt: off
ROWS = (
    *(_named(item_id, what, name) for item_id, (what, name) in NAMES.items()),
    Item("N1", "a link to a file outside", _link_to(""), "I", NOT_A_FILE),
    Item("N2", "a link to /dev/zero", _link_to("/dev/zero"), "I", NOT_A_FILE),
    Item("N3", "a link to another's drop", _link_to("../n28/X.MP4"), "I", NOT_A_FILE),
    Item("N4", "a link to itself", _link_to("x.mp4"), "I", NOT_A_FILE),
    Item("N4b", "a link to nothing", _link_to("nothing"), "I", NOT_A_FILE),
    Item("N4c", "a link to a folder", _link_to("/etc"), "I", "misplaced", "video/{id}", notes="never entered"),
    Item("N4d", "a link by a name of ours in a link's place", _link_to(""), "I", NOT_A_FILE, "story/corpus/{id}/link/x.txt"),
    Item("N6", "a hard link", _linked, "S", notes="copied, so the other name cannot change it"),
    Item("N8", "a pipe", lambda s, p: os.mkfifo(p), "I", NOT_A_FILE),
    Item("N8b", "a pipe for a voice", lambda s, p: os.mkfifo(p), "I", NOT_A_FILE, "story/corpus/{id}/voice/x.mp3"),
    Item("N9", "a socket", _socket, "I", NOT_A_FILE),
    Item("N10", "a device", _device, "I", NOT_A_FILE, notes="only root can make one"),
    Item("N11", "an empty folder", _folder, "-"),
    Item("N11b", "a film in a folder", _good, "I", "misplaced", "video/{id}/x.mp4/y.mp4"),
    Item("N11c", "a film nine folders down", _deep, "I", "misplaced", "video/{id}/a/b/c/d/e", notes="the seventh folder is one thing"),
    Item("N12", "a film at the top", _good, "I", "misplaced", "{id}.mp4"),
    Item("N12b", "a film in no category", _good, "I", "misplaced", "video/{id}.mp4"),
    Item("N12c", "a voice without its folder", _good, "I", "misplaced", "story/corpus/{id}/x.mp3"),
    Item("N12d", "a room that is none", _good, "I", "misplaced", "videos/{id}/x.mp4"),
    Item("N20c", "a dot in front", _good, "-", place="video/{id}/...mp4"),
    Item("N22", "255 bytes, refused", lambda s, p: p.write_bytes(b""), "I", "empty", "video/{id}/" + "r" * 251 + ".mp4"),
    Item("N22b", "255 bytes without an end", lambda s, p: p.write_bytes(b"x"), "I", "kind-mismatch", "video/{id}/" + "r" * 255),
    Item("N22c", "no UTF-8, refused", lambda s, p: p.write_bytes(b""), "I", "empty", os.fsdecode(b"video/{id}/\xff\xfe.mp4")),
    Item("N22d", "a newline, refused", lambda s, p: p.write_bytes(b""), "I", "empty", "video/{id}/a\nb.mp4"),
    Item("N23b", "twins, composed", _good, "S", place="video/n23b/\u00e9.mp4"),
    Item("N23c", "twins, decomposed", _good, "S", place="video/n23b/e\u0301.mp4"),
    Item("N26", "an end and no name", _good, "-", place="video/{id}/.mp4"),
    Item("N27", "a blank behind", _good, "I", "kind-mismatch", "video/{id}/x.mp4 "),
    Item("N27b", "two ends", _good, "I", "kind-mismatch", "video/{id}/x.mp4.exe"),
    Item("N28b", "the same name in small letters", _good, "S", place="video/n28/x.mp4"),
    Item("N30", "rsync's name while it copies", _good, "-", place="video/{id}/.x.mp4.Ab12"),
    Item("N30b", "a browser's", _good, "-", place="video/{id}/x.mp4.crdownload"),
    Item("N30c", "a server's", _good, "-", place="video/{id}/x.mp4.filepart"),
    Item("N30d", "a file in a folder with a dot", _good, "-", place="video/.{id}/x.mp4"),
    Item("N33", "a folder whose name is no text", _good, "I", "bad-folder-name", os.fsdecode(b"video/{id}\xff/x.mp4")),
    Item("N33b", "a folder with a newline", _good, "I", "bad-folder-name", "video/{id}\n/x.mp4"),
    Item("N33c", "a folder of 255 bytes", _good, "I", "bad-folder-name", "video/" + "f" * 255 + "/x.mp4"),
    Item("N34", "with notes of the filesystem", _tagged, "S"),
    Item("N35", "of 2099", _dated(4_070_908_800), "S"),
    Item("N35b", "of 1901", _dated(-2_177_452_800), "S"),
    Item("N35c", "of the epoch", _dated(0), "S"),
    Item("N36", "8 EiB that take no room", lambda s, p: hole(p, (1 << 63) - 1), "W", "no-space"),
)
# fmt: on
