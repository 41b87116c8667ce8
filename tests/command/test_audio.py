"""A sound is encoded as it was asked for, to the sample."""

from array import array
from pathlib import Path
from typing import Any

import av
import pytest

from tests.command.looks import samples
from videogen.command import AudioCommand, Filter
from videogen.command.audio import HOLDS
from videogen.command.container import FORMATS
from videogen.errors import RecipeError
from videogen.ffmpeg import FFmpeg
from videogen.model.timebase import Range

GOLDEN: dict[str, tuple[dict[str, Any], str]] = {
    "plain": (
        {},
        "{in} -map 0:a:0 -f ipod -bitexact -c:a aac -disposition default -map_chapters -1 -map_metadata -1"
        " -movflags +faststart file:o.m4a -y",
    ),
    "all": (
        {
            "output": "o.mp3",
            "codec": "libmp3lame",
            "bitrate_kbps": 192,
            "channels": 1,
            "sample_rate": 44100,
            "samples": Range(start=100, end=200),
            "filters": (
                Filter(name="volume", options={"volume": 0.5}),
                Filter(name="pan", options={"args": "mono|c0=0.5*c0+0.5*c1"}),
            ),
        },
        "{in} -filter_complex [0:a:0]aresample=44100:async=1:first_pts=0[s0];[s0]apad[s1];"
        "[s1]atrim=end_sample=200:start_sample=100[s2];[s2]asetpts=N/SR/TB[s3];[s3]volume=volume=0.5[s4];"
        r"[s4]pan=args=mono|c0\\=0.5*c0+0.5*c1[s5] -map [s5]"
        " -f mp3 -ac 1 -ar 44100 -b:a 192k -bitexact -c:a libmp3lame -disposition default"
        " -map_chapters -1 -map_metadata -1 file:o.mp3 -y",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_audio_arguments_are_exact(case: str) -> None:
    """Each setting becomes these words; filters are linked in their order (B3)."""
    fields, words = GOLDEN[case]
    command = AudioCommand(**{"id": "a", "input": "i.wav", "output": "o.m4a", **fields})

    assert command.args() == words.format(
        **{"in": f"-format_whitelist {FORMATS} -protocol_whitelist file -i file:i.wav"}
    ).split(" ")


PAIRS = [(suffix, codec) for suffix, codecs in HOLDS.items() for codec in codecs]


@pytest.mark.parametrize(("suffix", "codec"), PAIRS)
def test_every_container_holds_what_is_said(
    bundled: FFmpeg, film: Path, tmp_path: Path, log: Path, suffix: str, codec: str
) -> None:
    """Each codec can be written into each container of its row and read back, in mono at another rate (B3)."""
    made = tmp_path / f"made{suffix}"
    fields = {"bitrate_kbps": 96, "channels": 1, "sample_rate": 48000 if codec == "libopus" else 32000}

    AudioCommand(id="a", input=film, output=made, codec=codec, **fields).run(bundled, log=log)

    with av.open(str(made)) as container:
        (stream,) = container.streams
        assert isinstance(stream, av.AudioStream)
        assert (stream.codec_context.sample_rate, stream.channels) == (fields["sample_rate"], 1)
        assert sum(frame.samples for frame in container.decode(stream)) >= 2.9 * stream.codec_context.sample_rate


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (0, 48000), (12345, 67890), (140000, 200000)],
    ids=["one", "second", "middle", "past the end"],
)
def test_a_stretch_of_sound_is_exact(
    bundled: FFmpeg, film: Path, tmp_path: Path, log: Path, start: int, end: int
) -> None:
    """As many samples come out as were asked for, also where the source has ended (B3)."""
    made, span = tmp_path / "made.wav", Range(start=start, end=end)
    fields = {"codec": "pcm_s16le", "sample_rate": 48000, "samples": span}

    AudioCommand(id="a", input=film, output=made, **fields).run(bundled, log=log)

    assert samples(made) == span.length


def test_stretches_of_sound_are_the_sound(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """Two stretches one after the other hold the bytes of one stretch over both (B1)."""

    def cut(start: int, end: int) -> bytes:
        made = tmp_path / f"{start}.wav"
        fields = {"codec": "pcm_s16le", "sample_rate": 48000, "samples": Range(start=start, end=end)}
        AudioCommand(id="a", input=film, output=made, **fields).run(bundled, log=log)
        content = made.read_bytes()
        return content[content.index(b"data") + 8 :]

    assert cut(0, 31111) + cut(31111, 90000) == cut(0, 90000)


def test_filters_are_heard(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """A volume of 0 makes silence (B3)."""
    made = tmp_path / "made.wav"
    silence = Filter(name="volume", options={"volume": 0})

    AudioCommand(id="a", input=film, output=made, codec="pcm_s16le", filters=(silence,)).run(bundled, log=log)

    content = made.read_bytes()
    assert not any(content[content.index(b"data") + 8 :])


def test_pan_is_heard(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """Pan's own small language comes through the graph whole: left is the sound, right is silence (B3)."""
    made = tmp_path / "made.wav"
    pan = Filter(name="pan", options={"args": "stereo|c0=0.5*c0|c1=0*c0"})

    AudioCommand(id="a", input=film, output=made, codec="pcm_s16le", filters=(pan,)).run(bundled, log=log)

    content = made.read_bytes()
    heard = array("h", content[content.index(b"data") + 8 :])
    assert any(heard[0::2])
    assert not any(heard[1::2])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "codec": ({"codec": "mp3"}, "codec"),
    "codec of another container": ({"output": "o.mp3"}, "cannot hold aac"),
    "container": ({"output": "o.txt"}, "its suffix is none of"),
    "no suffix": ({"output": "o"}, "its suffix is none of"),
    "bitrate": ({"bitrate_kbps": "192k -f"}, "bitrate_kbps"),
    "channels": ({"channels": 0}, "channels"),
    "rate": ({"sample_rate": 10**9}, "sample_rate"),
    "samples of no rate": ({"samples": Range(start=0, end=1)}, "needs their rate"),
    "unknown word": ({"extra": 1}, "extra"),
    "no id": ({"id": ""}, "id"),
    "input is output": ({"input": "o.m4a"}, "read and written at once"),
    "no name": ({"input": ""}, "a path names a file"),
    "a name that ends early": ({"input": "a\0b"}, "a path names a file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_audio_that_cannot_be_right_is_not_made(case: str) -> None:
    """What no FFmpeg could do is refused when the command is made, with a remedy (B2)."""
    fields, words = WRONG[case]

    with pytest.raises(RecipeError, match=words) as caught:
        AudioCommand(**{"id": "a", "input": "i.wav", "output": "o.m4a", **fields})

    assert caught.value.remedy
