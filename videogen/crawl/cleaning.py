"""Text made harmless: one spelling, no control characters, nothing that is there but not seen. Pure."""

import re
import unicodedata

PAGE_END = re.compile("[\f\u2029]")
LINE_END = re.compile("\r\n?|[\v\x85\u2028]")
# Control characters, halves of characters, places that are no characters, and marks for other programs' eyes.
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
# Not seen: marks that turn the reading order round, the soft hyphen, fillers, the byte order mark amid a text. The
# zero-width space and joiners stay: Khmer parts its words by them, Persian spells with them, emoji are made of them.
UNSEEN = re.compile("[\u00ad\u061c\u115f\u1160\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]")
# Tag characters are a hidden alphabet; only the flags of some countries are spelled with them.
TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]{1,8})|[\U000e0000-\U000e007f]")
# One selector chooses a glyph; a row of them hides bytes.
SELECTORS = re.compile("([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
MANY_BLANK = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Give a text as NFC without what is not seen; a line is trimmed, and one blank line stands for many.

    Shape: cleaning it again changes nothing.
    """
    text = LINE_END.sub("\n", PAGE_END.sub("\n\n", text)).replace("\t", " ")
    text = CONTROL.sub("", text)
    if not text.isascii():  # what is ASCII has nothing more to hide
        text = SELECTORS.sub(r"\1", TAGS.sub(lambda found: found[1] or "", UNSEEN.sub("", text)))
        text = unicodedata.normalize("NFC", text)
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return MANY_BLANK.sub("\n\n", lines).strip("\n")
