"""The texts that lie beside a video: captions, chapters, a tracklist, for whoever shows it elsewhere. Pure."""

from videogen.model.captions import srt_of, vtt_of
from videogen.model.chapters import chapters_text
from videogen.model.timeline import Timeline
from videogen.model.tracklist import FILE_NAME, tracklist_of


def texts_of(timeline: Timeline, name: str, recipe: str) -> dict[str, str]:
    """Give the texts of a video by the names of their files; only those that say something.

    Shape: `captions.srt` and `captions.vtt`, `chapters.txt` in the form that YouTube takes, `tracklist.txt` of a mix
        under its `name`. The same timeline gives the same texts.
    """
    fps = timeline.canvas.fps
    texts = {
        "captions.srt": srt_of(timeline.captions, fps) if timeline.captions else "",
        "captions.vtt": vtt_of(timeline.captions, fps) if timeline.captions else "",
        "chapters.txt": chapters_text(timeline.chapters, fps),
        FILE_NAME: tracklist_of(name, timeline) if recipe == "mix" else "",
    }
    return {file: text for file, text in texts.items() if text}
