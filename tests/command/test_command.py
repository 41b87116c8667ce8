"""All commands have one face: the same questions, a line to paste, a run that leaves all or nothing."""

import os
import shlex
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests import footage
from tests.command.conftest import HOSTILE
from tests.command.looks import frame_hashes
from videogen.command import AudioCommand, Command, MixingCommand, Priority, SubtitleCommand, VideoCommand
from videogen.command.shell import line
from videogen.errors import MediaError, MissingInput, RecipeError, Stopped
from videogen.ffmpeg import FFmpeg

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"


def each(film: Path, output: Path, text: Path) -> dict[str, Command]:
    """Give one command of every kind."""
    quick: dict[str, Any] = {"preset": "ultrafast"}
    return {
        "audio": AudioCommand(id="1", input=film, output=output),
        "video": VideoCommand(id="2", input=film, output=output, **quick),
        "mixing": MixingCommand(id="3", videos=(film,), sounds=(film,), output=output, priority=Priority.HIGH),
        "subtitle": SubtitleCommand(id="4", input=film, subtitle=text, output=output, priority=Priority.LOW),
    }


KINDS = ("audio", "video", "mixing", "subtitle")


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_answers_the_same_questions(kind: str) -> None:
    """Id, type, priority, input and output are those it was made with (B2)."""
    command = each(Path("in.mp4"), Path("out.mp4"), Path("s.srt"))[kind]

    assert (command.id, command.type) == (str(KINDS.index(kind) + 1), kind)
    assert command.priority == {"mixing": 10, "subtitle": 0}.get(kind, 5)
    assert (command.input, command.output) == (Path("in.mp4"), Path("out.mp4"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_is_a_value(kind: str) -> None:
    """A command is equal to one made from its JSON, and cannot be changed."""
    command = each(Path("in.mp4"), Path("out.mp4"), Path("s.srt"))[kind]
    assert isinstance(command, AudioCommand | VideoCommand | MixingCommand | SubtitleCommand)

    assert type(command).model_validate_json(command.to_json()) == command
    with pytest.raises(ValidationError):
        command.id = "other"  # type: ignore[misc]  # that it cannot be set is what is tested


# -- the line to paste -----------------------------------------------------------------------------------------------


def pasted(command: str, folder: Path, *, home: Path) -> subprocess.CompletedProcess[str]:
    """Run one line as an interactive bash would, whose history is never empty."""
    script = f"set -o history -o histexpand\necho before\n{command}\n"
    argv = ["bash", "--norc", "--noprofile"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
    return subprocess.run(argv, input=script, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_relative", [True, False], ids=["relative", "absolute"])
def test_dry_run_pasted_does_the_work_and_nothing_else(
    ffmpeg_program: Path, film: Path, tmp_path: Path, kind: str, *, is_relative: bool
) -> None:
    """Whatever the names hold, the line makes the output and no other file (B2)."""
    folder = tmp_path / "-a $(touch pwned) 'b'"
    folder.mkdir()
    source, text = folder / f"in{HOSTILE}", folder / f"{HOSTILE}.srt"
    source.write_bytes(film.read_bytes())
    text.write_text(SRT)
    root = Path() if is_relative else folder
    command = each(root / source.name, root / HOSTILE, root / text.name)[kind]

    told = command.dry_run(str(ffmpeg_program))
    done = pasted(told, folder, home=tmp_path)

    assert told.isprintable()
    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} == {source.name, text.name, HOSTILE}
    assert (folder / HOSTILE).stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir() if path != folder] == []


def test_dry_run_and_run_make_the_same(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """The pasted line and the run give the same bytes (B2)."""
    made, other = tmp_path / "made.mp4", tmp_path / "other.mp4"
    common: dict[str, Any] = {"id": "v", "input": film, "threads": 1, "preset": "ultrafast"}

    VideoCommand(**common, output=made).run(bundled, log=log)
    pasted(VideoCommand(**common, output=other).dry_run(str(bundled.program)), tmp_path, home=tmp_path)

    assert made.read_bytes() == other.read_bytes()


def test_dry_run_is_readable() -> None:
    """Plain words stand there as they are."""
    told = MixingCommand(id="m", videos=("a.mp4",), output="b c.mp4", maps=("0:v:0",)).dry_run()

    assert told.startswith("ffmpeg -hide_banner -nostdin -format_whitelist mov,")
    assert told.endswith(" -i file:a.mp4 -map 0:v:0 -f mp4 -bitexact -c copy -movflags +faststart 'file:b c.mp4' -y")


WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), max_size=4)


@given(WORDS)
@example(["", "-n", "a\nb", "a\tb", "!!", "it's", "$(x)", "\\", "\\x41", "\x1b[2J", "\u202eabc", "é", "👩\u200d🚀"])
def test_a_line_is_read_back_as_its_words(words: list[str]) -> None:
    """Bash sees exactly the words, and the line is printable whatever they are (B2)."""
    told = line(["printf", "%s\\0", *words, "end"])

    done = subprocess.run(["bash", "-c", told], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})

    assert told.isprintable()
    assert done.stdout.decode().split("\0")[:-1] == [*words, "end"]


def test_a_name_that_is_no_text_is_its_bytes() -> None:
    """A name from the disk that is not UTF-8 comes to bash as the bytes it is (D7)."""
    word = os.fsdecode(b"caf\xe9")

    done = subprocess.run(["bash", "-c", line(["printf", "%s", word])], capture_output=True, check=True)

    assert done.stdout == b"caf\xe9"
    assert shlex.split(line(["a", "b c"])) == ["a", "b c"]


# -- the run ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_run_takes_any_name(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path, kind: str) -> None:
    """Names that look like options, protocols or patterns are read and written as names (C11)."""
    folder = tmp_path / "out"
    folder.mkdir()
    source, text = tmp_path / HOSTILE, tmp_path / f"{HOSTILE}.srt"
    source.write_bytes(film.read_bytes())
    text.write_text(SRT)

    each(source, folder / HOSTILE, text)[kind].run(bundled, log=log)

    assert [path.name for path in folder.iterdir()] == [HOSTILE]


@pytest.mark.parametrize("kind", KINDS)
def test_run_takes_a_name_that_is_no_text(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path, kind: str) -> None:
    """Names that are bytes in no encoding are read and written as they are (D7)."""
    folder = tmp_path / "out"
    folder.mkdir()
    name = os.fsdecode(b"caf\xe9.mp4")
    source, text = tmp_path / name, tmp_path / os.fsdecode(b"caf\xe9.srt")
    source.write_bytes(film.read_bytes())
    text.write_text(SRT)

    each(source, folder / name, text)[kind].run(bundled, log=log)

    assert [path.name for path in folder.iterdir()] == [name]


def test_run_replaces_what_was_there(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """An output that exists is replaced by a whole one."""
    made = tmp_path / "made.mp4"
    made.write_text("old")

    MixingCommand(id="m", videos=(film,), output=made).run(bundled, log=log)

    assert frame_hashes(made) == frame_hashes(film)


def test_a_run_that_fails_leaves_all_as_it_was(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """After a failure the old output stands, and no other file is left."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "o.mp4").write_text("old")
    broken = footage.truncated(tmp_path / "broken.mp4")
    broken.write_bytes(broken.read_bytes()[:900])

    with pytest.raises(MediaError):
        VideoCommand(id="v", input=broken, output=folder / "o.mp4").run(bundled, log=log)

    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("o.mp4", "old")]


def test_a_stopped_run_leaves_nothing(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """A stop ends the run and takes the unfinished file with it (B6)."""
    folder, stop = tmp_path / "out", Event()
    folder.mkdir()
    stop.set()

    with pytest.raises(Stopped):
        VideoCommand(id="v", input=film, output=folder / "o.mp4").run(bundled, log=log, stop=stop)

    assert list(folder.iterdir()) == []


def test_a_playlist_is_no_input(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """A file that would have FFmpeg open other files of this machine is refused, whatever it is called (C11)."""
    script = tmp_path / "script.mp4"
    script.write_text(f"ffconcat version 1.0\nfile {film.name}\n")
    (tmp_path / film.name).write_bytes(film.read_bytes())

    for disguised in (script, footage.hls_named_mp4(tmp_path / "hls.mp4")):
        with pytest.raises(MediaError):
            VideoCommand(id="v", input=disguised, output=tmp_path / "o.mp4").run(bundled, log=log)


def test_what_is_not_there_is_named(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """A missing input, a pipe and a missing folder are told before FFmpeg is started."""
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "none.mp4", tmp_path / "pipe.mp4", tmp_path):
        with pytest.raises(MissingInput, match=path.name):
            AudioCommand(id="a", input=path, output=tmp_path / "o.m4a").run(bundled, log=log)
    with pytest.raises(RecipeError, match="is not there"):
        AudioCommand(id="a", input=film, output=tmp_path / "no" / "o.m4a").run(bundled, log=log)

    assert not log.exists()


def test_an_input_under_another_name_is_not_replaced(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """An output that is a link to an input is refused: the input would be lost."""
    source, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    source.write_bytes(film.read_bytes())
    os.link(source, other)

    with pytest.raises(RecipeError, match="are one file"):
        VideoCommand(id="v", input=source, output=other).run(bundled, log=log)
