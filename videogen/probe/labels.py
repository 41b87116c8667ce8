"""What a sound says of itself: title, artist and album from the tags of its file or of its first sound."""

from av.container import InputContainer

from videogen.model.label import label_of
from videogen.model.media import Tags

_ARTISTS = ("artist", "album_artist", "albumartist", "performer", "author")
"""The first that says something: files of a collection often name the artist of the album alone."""


def tags_of(container: InputContainer) -> Tags:
    """Give the words, cleaned; an Ogg has them at its stream, the others at the file."""
    said = _said(dict(container.metadata))
    for stream in container.streams.audio[:1]:
        said = _said(dict(stream.metadata)) | said
    artist = next((said[name] for name in _ARTISTS if said.get(name)), "")
    return Tags(title=said.get("title", ""), artist=artist, album=said.get("album", ""))


def _said(words: dict[str, str]) -> dict[str, str]:
    wanted = {"title", "album", *_ARTISTS}
    told = {name.lower(): label_of(text) for name, text in words.items() if name.lower() in wanted}
    return {name: text for name, text in told.items() if text}
