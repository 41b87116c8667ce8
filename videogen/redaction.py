"""What must not be written down: passwords in URLs, tokens in queries and headers, keys that the environment holds.

It is better to hide a word too many than one too few; but paths, hashes and ids stay: they are what is looked for.
"""

import os
import re
from functools import lru_cache
from typing import Final

HIDDEN = "***"
_WORDS = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|auth|authorization|cookie|credentials?|signature|sig|jwt)"
_NAMED = (
    rf"(?:[\w.-]*[_.-])?{_WORDS}|(?:[\w.-]*[_.-])?(?:api|access|secret|private|auth|client)[_-]?(?:key|token|secret)"
)
_FIELD = re.compile(rf"(?:{_NAMED})", re.IGNORECASE)
# user:password@, also where the password has an @ of its own: all up to the last one before the path.
_USER = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]*://)[^\s/?#\"'<>]*@", re.IGNORECASE)
_QUERY = re.compile(rf"(?P<head>[?&;#](?:{_NAMED}|key|code|x-amz-[\w-]+|x-goog-[\w-]+)=)[^&\s\"'#;]*", re.IGNORECASE)
_HEADER = re.compile(
    r"(?P<head>\b(?:proxy-)?(?:authorization|cookie|set-cookie|x-api-key|x-auth-token)[\"']?\s*[:=]\s*[\"']?)"
    r"(?:(?:bearer|basic|digest|token|negotiate|apikey)\s+)?[^\s\"',]+(?:;[^\"'\r\n]*)?",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?P<head>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_PAIR = re.compile(
    rf"(?P<head>(?<![\w/-])[\"']?(?:{_NAMED})[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}}\"']+)", re.IGNORECASE
)
_PEM = re.compile(r"(?P<head>-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
# The forms in which well-known services give their keys out.
_FORMS = re.compile(
    r"(?P<head>)\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_ALL = (_PEM, _USER, _HEADER, _QUERY, _BEARER, _PAIR, _FORMS)
_MAY = re.compile(rf"://|{_WORDS}|key|bearer|basic|AKIA|gh[pousr]_|xox|sk-|eyJ|x-(?:amz|goog)|[?&]code=", re.IGNORECASE)
"""What every hidden thing has in it: a text without it needs no closer look."""
SHORTEST: Final = 8
"""A value of the environment that is shorter hides half of all words."""


@lru_cache(maxsize=1)
def _of_environment() -> tuple[str, ...]:
    """Give what the environment holds under names of secrets, the longest first."""
    names = (name for name in os.environ if _FIELD.fullmatch(name) or name.upper().endswith(("_KEY", "_DSN")))
    values = {os.environ[name] for name in names}
    return tuple(sorted((one for one in values if len(one) >= SHORTEST and "/" not in one[:1]), key=len, reverse=True))


def hidden(value: object, name: str = "") -> object:
    """Give a value as it may be written: numbers as they are, all else as text without what looks like a secret."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    if name and _FIELD.fullmatch(name):
        return HIDDEN
    for secret in _of_environment():
        text = text.replace(secret, HIDDEN)
    if _MAY.search(text):
        for form in _ALL:
            text = form.sub(rf"\g<head>{HIDDEN}", text)
    return text
