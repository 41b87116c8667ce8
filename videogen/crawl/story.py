"""The chunks of one story: numbered files, each with a card beside it that says where its words come from."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from videogen import durable
from videogen.crawl.chunks import words

CHUNK = re.compile(r"chunk_(\d{4,9})\.txt(?:\.json)?")


@dataclass(frozen=True)
class Source:
    """Where the words of a chunk come from: which link file, which of its addresses, and which page that was.

    `charset` is the one the page was read by; `fetched_at` is UTC, as in 2025-11-10T18:03:44Z.
    """

    url: str
    final_url: str
    fetched_at: str
    status: int
    content_type: str
    charset: str
    title: str
    fetched_sha256: str
    link: str
    link_sha256: str
    url_index: int
    parts: int


@dataclass(frozen=True)
class Written:
    """A chunk's place: its card is there; `is_whole` says whether the chunk itself is, too."""

    chunk: Path
    part: int
    parts: int
    is_whole: bool


class Story:
    """The chunks that one story holds already, and the numbers that are free. One process writes a story."""

    def __init__(self, folder: Path, link_sha256: str) -> None:
        self.folder = folder
        self._written: dict[tuple[int, int], Written] = {}
        self._last = 0
        for file in sorted(folder.iterdir()):
            if match := CHUNK.fullmatch(file.name):
                self._last = max(self._last, int(match[1]))
                if file.suffix == ".json":
                    self._note(file, link_sha256)

    def _note(self, card: Path, link_sha256: str) -> None:
        try:
            fields = json.loads(durable.read(card))
            is_ours = fields["link_sha256"] == link_sha256
            key = (int(fields["url_index"]), int(fields["part"]))
            parts = int(fields["parts"])
        except (ValueError, KeyError, TypeError, RecursionError, FileNotFoundError):
            return  # not a card of the crawler's; its number stays taken
        if is_ours:
            chunk = card.with_suffix("")
            self._written[key] = Written(chunk, key[1], parts, chunk.exists())

    def whole(self, url_index: int) -> tuple[Path, ...]:
        """Give the chunks of an address, in order, if every part is there; else nothing."""
        places = [written for (index, _), written in sorted(self._written.items()) if index == url_index]
        whole = {place.part: place.chunk for place in places if place.is_whole}
        wanted = range(1, places[0].parts + 1) if places else range(0)
        return tuple(whole[part] for part in wanted) if all(part in whole for part in wanted) else ()

    def write(self, source: Source, texts: tuple[str, ...]) -> tuple[Path, ...]:
        """Make every part of an address stand in the story, once; a part that stands there is left as it is.

        The card comes first: a chunk that can be seen has its card, and a card that a crash left alone keeps the
        number for its chunk.
        """
        return tuple(self._write_part(source, part, text) for part, text in enumerate(texts, 1))

    def _write_part(self, source: Source, part: int, text: str) -> Path:
        key = (source.url_index, part)
        known = self._written.get(key)
        if known and known.is_whole:
            return known.chunk
        if known is None:
            self._last += 1
        chunk = known.chunk if known else self.folder / f"chunk_{self._last:04}.txt"
        raw = f"{text}\n".encode()
        sha256 = hashlib.sha256(raw).hexdigest()
        card = {**asdict(source), "part": part, "words": words(text), "sha256": sha256}
        durable.write(chunk.with_name(f"{chunk.name}.json"), json.dumps(card, ensure_ascii=False, indent=1) + "\n")
        durable.write(chunk, raw)
        self._written[key] = Written(chunk, part, source.parts, True)
        return chunk
