"""Names of segments. The key is the command: nothing reaches FFmpeg but its arguments, so nothing can be left out.

A field that is added to a profile, a filter or an option changes the arguments and with them every key it touches; a
path or a name never is among them, since files stand there by their contents.
"""

import json
from collections.abc import Mapping
from hashlib import sha256

from videogen.model.media import Media
from videogen.model.profile import Profile
from videogen.model.segment import Name
from videogen.model.timeline import Timeline
from videogen.plan.costs import encode_s
from videogen.plan.encode import encode_picture
from videogen.plan.graph import Segment

SEMANTICS = 1
"""Counts up when the same arguments come to mean other frames: a change in what feeds FFmpeg, or in how it is cut."""


def segment_of(timeline: Timeline, media: Mapping[str, Media], profile: Profile) -> Segment:
    """Name a piece of picture and give the command that makes it. `timeline` is a slice: mute, and all of it is seen.

    Raises: MissingInput: a clip's media is unknown.
    """
    argv = encode_picture(timeline, media, profile)
    # How a video sounds is part of its canvas, and of no picture.
    unseen = {"canvas": {"sample_rate", "channels"}}
    seen = timeline.model_dump(mode="json", exclude_defaults=True, exclude=unseen)
    look = _hash(["look", SEMANTICS, seen])
    key = _hash(["key", SEMANTICS, look, profile.toolchain, argv])
    return Segment(name=Name(look=look, key=key), timeline=timeline, argv=argv, cost_s=encode_s(timeline, profile))


def _hash(words: object) -> str:
    return sha256(json.dumps(words, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
