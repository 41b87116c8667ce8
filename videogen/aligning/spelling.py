"""How a word that is in no dictionary may be spoken: by the words inside it, else by its letters. Pure.

English is not spoken as it is written, so a guess by letters is often wrong; but it takes about as long as the word
does, and between two known words that is what an aligner needs.
"""

from collections.abc import Callable

Lookup = Callable[[str], str | None]
"""Give a known word's phones (ARPAbet, spaces between), or None."""

ENDINGS = {
    "'s": "Z", "s'": "Z", "'st": "S T", "'d": "D", "'ll": "AH L", "'re": "ER", "'ve": "V", "ing": "IH NG",
    "est": "AH S T", "eth": "AH TH", "iest": "IY AH S T", "ness": "N AH S", "less": "L AH S", "ful": "F AH L",
    "ly": "L IY", "ed": "D", "er": "ER", "ers": "ER Z", "es": "AH Z", "s": "Z", "st": "S T",
}  # fmt: skip
LETTERS = {
    "tion": "SH AH N", "ough": "AO", "eigh": "EY", "igh": "AY", "sch": "SH", "tch": "CH", "dge": "JH", "sh": "SH",
    "ch": "CH", "th": "TH", "ph": "F", "gh": "G", "ck": "K", "ng": "NG", "qu": "K W", "wh": "W", "kn": "N",
    "wr": "R", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "ai": "EY", "ay": "EY", "oa": "OW",
    "oi": "OY", "oy": "OY", "au": "AO", "aw": "AO", "ie": "IY", "ei": "IY", "er": "ER", "ir": "ER", "ur": "ER",
    "ar": "AA R", "or": "AO R", "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH",
    "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S",
    "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
LEAST = 3
"""Letters of a word inside another."""
LONGEST = 40
"""No word is longer; what is, is cut to it."""


def phones_of(word: str, lookup: Lookup) -> str:
    """Give the phones of a word: its own, those of the words it is made of, or those of its letters; never none."""
    word = word[:LONGEST]
    return lookup(word) or _stem(word, lookup) or _halves(word, lookup) or _letters(word)


def _stem(word: str, lookup: Lookup) -> str | None:
    for ending in sorted(ENDINGS, key=len, reverse=True):
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < LEAST:
            continue
        for known in (f"{stem}e", stem, stem[:-1] if stem[-1] == stem[-2] else ""):
            if known and (phones := lookup(known)):
                return f"{phones} {ENDINGS[ending]}"
    return None


def _halves(word: str, lookup: Lookup) -> str | None:
    for at in range(len(word) - LEAST, LEAST - 1, -1):
        first, second = lookup(word[:at]), lookup(word[at:])
        if first and second:
            return f"{first} {second}"
    return None


def _letters(word: str) -> str:
    phones: list[str] = []
    at = 0
    while at < len(word):
        size = next((size for size in (4, 3, 2, 1) if word[at : at + size] in LETTERS), 0)
        phones += [LETTERS[word[at : at + size]]] if size else []
        at += size or 1
    return " ".join(phones) or "AH"
