"""Which characters the bytes of a page are: pure. What a server declares is often wrong, so it has to fit, too."""

import codecs
import re

META_BYTES = 4096
META_CHARSET = re.compile(
    rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,100}?encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE
)
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

# What web pages call by the name on the left is what stands on the right, and has been since the first browsers.
# Source: the Encoding Standard, table of labels; names as Python's codecs have them.
REALLY = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
# Python knows other codecs, and some are no charset, or take endless time.
KNOWN = {
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5", "big5hkscs", "euc_jp", "iso2022_jp", "johab"),
    *("cp932", "cp949", "cp874", "cp866", "koi8-r", "koi8-u", "koi8-t", "mac-roman", "mac-cyrillic", "viscii"),
    *(f"cp{number}" for number in range(1250, 1259)),
    *(f"iso8859-{number}" for number in range(2, 17)),
}
MARKS_PART = 20
"""A charset fits where at most one in so many characters beyond ASCII cannot be read: pages have odd broken bytes."""


def _known(name: str) -> str:
    """Give a charset's name as Python has it; empty for what is none."""
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return ""
    found = REALLY.get(found, found)
    return found if found in KNOWN else ""


def _fits(text: str) -> bool:
    broken = text.count("\ufffd")
    return not broken or broken * MARKS_PART <= sum(letter > "\x7f" for letter in text)


def decode(body: bytes, declared: str) -> tuple[str, str]:
    """Give the text of bytes and the charset it was read by; what cannot be read is a � each.

    By byte order mark, else as declared, else as the page says, else UTF-8: the first of these that fits. Latin 1 fits
    everything, and is what careless servers declare, so UTF-8 comes before it.
    """
    marked = next((name for mark, name in BYTE_ORDER_MARKS if body.startswith(mark)), "")
    if marked:
        return body.decode(marked, "replace"), marked
    said = META_CHARSET.search(body[:META_BYTES])
    own = _known(said[1].decode("ascii")) if said else ""
    # A page whose own words could be read as ASCII is not UTF-16, whatever they are.
    names = [name for name in (_known(declared), "utf-8" if own.startswith("utf-16") else own, "utf-8") if name]
    for name in ["utf-8", *names] if names[0] == "cp1252" else names:
        text = body.decode(name, "replace")
        if _fits(text):
            return text, name
    return body.decode(names[0], "replace"), names[0]
