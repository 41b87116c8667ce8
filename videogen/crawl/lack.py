"""Why a page has no text for a narrator, as far as the page tells: pure guesses from what it holds."""

import re

from videogen.crawl.chunks import words

LACKS = {
    "empty": ("holds no text", "Open it in a browser and see."),
    "scripts": ("shows its text only to those who run its scripts", "Give a page that shows its text without them."),
    "login": ("asks for a login and shows no text without one", "Give a page that anyone may read."),
    "consent": ("asks for consent and shows no text before it", "Give a page that shows its text at once."),
    "refresh": ("holds no text and sends browsers elsewhere", "Give the address that a browser ends at."),
    "binary": ("holds bytes that are no text", "Give the address of an HTML or plain text page."),
}
"""What a page lacks, and what a person can do about it."""

OTHER_WORDS = 10
"""A page that says nothing but a wall's words and fewer others than these is a wall."""
NOISE_PART = 10
"""One control or unreadable character in so many is no text."""
LOOKED_AT = 1_000_000
ODD = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffd]")
LINE_LOOKED_AT = 1000

# What walls say, in the languages that most pages are written in.
SAID = {
    "scripts": re.compile(
        r"(?:enable|turn on|activate|requires?|needs?|without|allow) javascript|javascript (?:is|must|to)\b"
        r"|javascript (?:aktivieren|ist deaktiviert)|activer javascript|(?:habilit|activ)\w* javascript"
    ),
    "login": re.compile(
        r"\b(?:sign|log) ?in (?:to|with|or)\b|\bplease (?:sign|log) ?in\b|\bcreate an account\b|\bforgot(?:ten)? "
        r"(?:your )?password|subscribe to (?:continue|read)|subscribers only|members only|\bmelden sie sich an\b"
    ),
    "consent": re.compile(
        r"before you continue|we value your privacy|uses? cookies (?:to|and|for)|accept (?:all )?(?:the )?cookies"
        r"|(?:manage|your) (?:cookie|consent|privacy) (?:settings|preferences|choices)|verwende[nt] cookies"
        r"|utilis\w+ des cookies"
    ),
}
HELD = {
    "login": re.compile(r"""type\s{0,9}=\s{0,9}["']?password""", re.IGNORECASE),
    "consent": re.compile(r"onetrust|cookiebot|didomi|usercentrics|quantcast|consent-manager|cmpbox", re.IGNORECASE),
    "refresh": re.compile(r"""http-equiv\s{0,9}=\s{0,9}["']?refresh""", re.IGNORECASE),
    "scripts": re.compile(r"<script|<noscript", re.IGNORECASE),
}


def noise(text: str) -> bool:
    """Say whether a text is so full of what is no character that it was none."""
    seen = text[:LOOKED_AT]
    return len(ODD.findall(seen)) * NOISE_PART > len(seen)


def lack(source: str, text: str) -> str:
    """Give what a page lacks, one of LACKS, from its source and the text taken out of it; empty if nothing."""
    lines = [line for line in text.splitlines() if line.strip()]
    walls = [_wall(line) for line in lines]
    if sum(words(line) for line, wall in zip(lines, walls, strict=True) if not wall) >= OTHER_WORDS:
        return ""
    if any(walls):
        return next(filter(None, walls))
    if lines:
        return ""
    seen = source[:LOOKED_AT]
    return next((name for name, held in HELD.items() if held.search(seen)), "empty")


def _wall(line: str) -> str:
    if len(line) > LINE_LOOKED_AT:
        return ""
    said = line.casefold()
    return next((name for name, words_of in SAID.items() if words_of.search(said)), "")
