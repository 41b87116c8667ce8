"""The colour of a decoded picture, in FFmpeg's words."""

from av.video.frame import VideoFrame

from videogen.model.media import Colour

# Names by number, as FFmpeg's libavutil spells them; 2 is "unspecified" in each. Source: ITU-T H.273, 8.1 to 8.3.
_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020"}
_PRIMARIES |= {10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213"}
_TRANSFERS = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100"}
_TRANSFERS |= {10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12"}
_TRANSFERS |= {16: "smpte2084", 17: "smpte428", 18: "arib-std-b67"}
_MATRICES = {0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc"}
_MATRICES |= {10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp"}
_MATRICES |= {15: "ipt-c2", 16: "ycgco-re", 17: "ycgco-ro"}
_RANGES = {1: "tv", 2: "pc"}


def colour_of(frame: VideoFrame) -> Colour:
    """Give the four parts of a picture's colour; what it does not say is an empty word."""
    implied = "pc" if frame.format.name.startswith("yuvj") else ""
    return Colour(
        primaries=_PRIMARIES.get(frame.color_primaries, ""),
        transfer=_TRANSFERS.get(frame.color_trc, ""),
        matrix=_MATRICES.get(frame.colorspace, ""),
        range=_RANGES.get(frame.color_range, implied),
    )
