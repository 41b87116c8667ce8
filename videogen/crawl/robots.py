"""What a site's robots.txt lets us ask for: pure, and bounded by the bytes it is given.

Source: RFC 9309. A line `User-agent` names who a group of rules is for; of the rules that match a path the longest
counts, and Allow where two are equally long. `*` stands for any characters, and `$` for the end of the path.
`Crawl-delay` is no part of that standard, but many files have it, and it costs little to be polite.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

PARSED_BYTES = 500 * 1024
"""At least so much has to be read of a file. Source: RFC 9309, 2.5."""
MAX_DELAY_S = 30.0
"""A file that asks for longer pauses gets these: a story of ten pages must come to its end."""
EVERYONE = "*"

_LINE_END = re.compile(r"\r\n|\r|\n")
_NAME = re.compile(r"[A-Za-z_-]+")
_PACKED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_KEPT = "".join(chr(number) for number in range(0x21, 0x7F))
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True)
class Rule:
    """One line Allow or Disallow: its path split at each `*`, as `plain` spells it; `is_whole` for a final `$`."""

    is_allowed: bool
    pieces: tuple[str, ...]
    is_whole: bool
    length: int

    def matches(self, path: str) -> bool:
        """Say whether a path begins as this rule says; in time that grows with their lengths only.

        Each piece is taken at its first place: a later one would leave less for those that follow.
        """
        first, *rest = self.pieces
        if not path.startswith(first):
            return False
        if not rest:
            return not self.is_whole or path == first
        last = rest.pop() if self.is_whole else ""
        at = len(first)
        for piece in rest:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        return not self.is_whole or (len(path) - len(last) >= at and path.endswith(last))


@dataclass(frozen=True)
class Robots:
    """The rules that are for us, and the pause asked for between two requests."""

    rules: tuple[Rule, ...] = ()
    delay_s: float = 0.0

    def allows(self, path: str) -> bool:
        """Say whether a path with its query may be asked for; robots.txt itself always may."""
        wanted = plain(path).replace("*", "%2A").replace("$", "%24")
        if wanted == "/robots.txt":
            return True
        matching = [rule for rule in self.rules if rule.matches(wanted)]
        return max(((rule.length, rule.is_allowed) for rule in matching), default=(0, True))[1]


def plain(path: str) -> str:
    """Spell a path one way: what needs no escape has none, what needs one has it, in capitals."""

    def spelled(found: re.Match[str]) -> str:
        number = int(found[1], 16)
        return chr(number) if number in _UNRESERVED else f"%{number:02X}"

    return _PACKED.sub(spelled, quote(path, safe=_KEPT))


def _rule(is_allowed: bool, value: str) -> Rule | None:
    pattern = plain(value)
    if not pattern:
        return None  # "Disallow:" with nothing behind it forbids nothing
    is_whole = pattern.endswith("$")
    pieces = pattern.removesuffix("$").replace("$", "%24").split("*")
    return Rule(is_allowed, tuple(pieces), is_whole, len(pattern))


class _Groups:
    """The lines of a file, read one after another; only what is for us, or for everyone, is kept."""

    def __init__(self, token: str) -> None:
        self._token = token.lower()
        self._names: list[str] = []
        self._is_open = False  # still naming whom the group is for
        self.rules: dict[str, list[Rule]] = {}
        self.delays: dict[str, float] = {}

    def take(self, field: str, value: str) -> None:
        if field == "user-agent":
            self._name(value)
        elif field in {"allow", "disallow"}:
            self._is_open = False
            if self._names and (rule := _rule(field == "allow", value)):
                for name in self._names:
                    self.rules[name].append(rule)
        elif field == "crawl-delay":
            self._is_open = False
            if _NUMBER.fullmatch(value):
                self.delays.update(dict.fromkeys(self._names, min(float(value), MAX_DELAY_S)))

    def _name(self, value: str) -> None:
        if not self._is_open:
            self._names = []
        self._is_open = True
        token = _NAME.match(value)
        name = EVERYONE if value.startswith(EVERYONE) else token[0].lower() if token else ""
        if name in {self._token, EVERYONE} and name not in self._names:
            self._names.append(name)
            self.rules.setdefault(name, [])


def parse_robots(raw: bytes, token: str) -> Robots:
    """Read what a robots.txt says to the crawler of this name: its own groups together, else those for everyone.

    Shape: a name is matched whole, in any case; what comes after its letters, as a version, is overlooked. Lines that
    nobody understands are overlooked, and so is what comes after PARSED_BYTES.
    """
    groups = _Groups(token)
    if len(raw) > PARSED_BYTES:
        raw = raw[: max(raw.rfind(b"\n", 0, PARSED_BYTES), 0)]  # half a line would say something else
    text = raw.decode("utf-8-sig", "replace")
    for line in _LINE_END.split(text):
        field, colon, value = line.partition("#")[0].partition(":")
        if colon:
            groups.take(field.strip().lower(), value.strip())
    name = token.lower() if token.lower() in groups.rules else EVERYONE
    return Robots(tuple(groups.rules.get(name, ())), groups.delays.get(name, 0.0))
