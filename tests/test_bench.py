"""The benches: the template is one correct command, and the report tells what was measured."""

import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from bench import film, report
from bench.row import Bar, Figure, Row, Sense
from bench.template import Shown, Template
from tests import footage, papers
from videogen.model.task import Input


def template(folder: Path, clips: int = 2, *, logo: bool = False) -> Template:
    """Give a template of files that need not be there."""
    return Template(
        program=footage.program(),
        clips=tuple(Shown(folder / f"{nth}.mp4") for nth in range(clips)),
        music=folder / "music.mp3",
        voice=folder / "voice.mp3",
        seconds=1.5,
        size="64x64",
        logo=folder / "logo.png" if logo else None,
    )


def after(argv: list[str], option: str) -> list[str]:
    """Give every value of an option."""
    return [value for name, value in pairwise(argv) if name == option]


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("-preset", "medium", "as a node encodes"),
        ("-crf", "23", "as a node encodes"),
        ("-g", "250", "as a node encodes"),
        ("-b:a", "192k", "as a node encodes"),
        ("-movflags", "+faststart", "a node's index lies in front"),
        ("-stream_loop", "-1", "the music is shorter than the voice"),
        ("-t", "1.500000", "the music has no end"),
    ],
)
def test_template_says_what_a_node_is_told(tmp_path: Path, option: str, value: str, why: str) -> None:
    """The template has the encoder settings of a node, and the length of the voice."""
    assert after(template(tmp_path).argv(tmp_path / "out.mp4"), option) == [value], why


def test_template_leaves_the_threads_to_ffmpeg(tmp_path: Path) -> None:
    """The template may use every processor: no option limits its threads."""
    assert not any("threads" in word for word in template(tmp_path).argv(tmp_path / "out.mp4"))


def test_template_of_a_task_names_its_files_in_order(tmp_path: Path) -> None:
    """Clips, music, voice and logo of a task become inputs in the order that the graph counts on."""
    paper = papers.task()
    with_logo = paper.inputs.model_copy(update={"logo": Input(path="logo.png", sha256=papers.digest("logo"))})
    argv = Template.of(paper.model_copy(update={"inputs": with_logo}), tmp_path).argv(tmp_path / "out.mp4")

    assert [Path(path).name for path in after(argv, "-i")] == ["1.0_c.mp4", "1.0_m.mp3", "v.mp3", "logo.png"]
    assert "[base][3:v]overlay=20:20" in after(argv, "-filter_complex")[0]


def test_pinned_template_shows_the_frames_of_the_task(tmp_path: Path) -> None:
    """Pinned, each clip has as many frames as the task shows of it, and its own matrix."""
    paper = papers.task()
    pinned = Template.of(paper, tmp_path).pinned(paper, ["bt601"])
    (graph,) = after(pinned.reference(tmp_path / "r.mkv"), "-filter_complex")

    assert "trim=end_frame=30" in graph
    assert "in_color_matrix=bt601:out_color_matrix=bt709" in graph


def test_template_makes_the_video(tmp_path: Path) -> None:
    """FFmpeg takes the command: clips of two rates and sizes and a logo become 45 frames with a sound as long."""
    footage.clip(tmp_path / "0.mp4", size=(64, 48), rate=25)
    footage.clip(tmp_path / "1.mp4", size=(48, 64), rate=10)
    footage.music_mp3(tmp_path / "music.mp3", seconds=1)
    footage.voice_mp3(tmp_path / "voice.mp3", seconds=1.5)
    film.logo(tmp_path / "logo.png")
    made = tmp_path / "out.mp4"
    subprocess.run(template(tmp_path, logo=True).argv(made), check=True)

    assert film.frames_of(made) == 45
    with av.open(str(made)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.width, picture.height) == (64, 64)
        assert float(picture.average_rate or 0) == 30
        assert float((sound.duration or 0) * (sound.time_base or 0)) == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize(
    ("value", "sense", "holds", "why"),
    [
        (150.0, "at least", True, "a bar that is met to the digit is met"),
        (149.9, "at least", False, "less than the bar"),
        (1.02, "at most", True, "a bar that is met to the digit is met"),
        (1.03, "at most", False, "more than the bar"),
    ],
)
def test_bar_holds_from_its_limit_on(value: float, sense: Sense, holds: bool, why: str) -> None:
    """A bar holds where the figure reaches it, whichever way it points."""
    limit = 150 if sense == "at least" else 1.02

    assert Bar("ratio", value, "x", sense, limit).holds is holds, why


def result(name: str, value: float) -> Row:
    """Give a row with one ratio, whose bar is 10."""
    ratio = Bar("template / videogen", value, "x", "at least", 10)
    return Row(name, "full", "two clips", "2 x a processor", [Figure("template", 412.5, "s")], [ratio])


def test_report_reads_rows_in_the_order_of_the_story(tmp_path: Path) -> None:
    """Results come back as they were written, warm before cold, and what is unknown last."""
    rows = [result("zebra", 1), result("cold", 2), result("warm", 3)]
    for row in rows:
        (tmp_path / f"{row.name}.json").write_text(row.to_json(), encoding="utf-8")

    assert report.collected(tmp_path) == [rows[2], rows[1], rows[0]]


def test_table_tells_figure_bar_and_verdict() -> None:
    """The table has a line for each bar with its verdict, and every figure below."""
    text = report.table([result("warm", 171.3), result("cold", 9.5)])

    assert "| warm | template / videogen | 171 x | at least 10 x | holds |" in text
    assert "| cold | template / videogen | 9.50 x | at least 10 x | **missed** |" in text
    assert "| template | 412 s |" in text


def test_plot_draws_longer_bars_for_larger_ratios() -> None:
    """A tenfold ratio reaches further right than a twofold one, and the missed one has another colour."""
    picture = report.plot([result("warm", 100.0), result("cold", 2.0)])
    reach = {}
    for colour in (report.HOLDS, report.MISSED):
        rgb = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
        rows = range(report.TOP + 60, picture.height, report.STEP)
        reach[colour] = max(
            (x for y in rows for x in range(picture.width) if picture.getpixel((x, y)) == rgb), default=0
        )

    assert 0 < reach[report.MISSED] < reach[report.HOLDS] < picture.width


def test_axis_keeps_every_value_inside() -> None:
    """Ratios below and far above 1 lie between the ends of the axis, in their order."""
    axis = report.Axis.over([0.3, 1.0, 170.0])
    places = [axis.at(value) for value in (0.3, 1.0, 170.0)]

    assert axis.left <= places[0] < places[1] < places[2] <= axis.right
    assert 1 in list(axis.ticks())


def test_rows_are_all_told_by_the_report() -> None:
    """Every program of the benches that is a row has its place in the report."""
    folder = Path(report.__file__).parent
    programs = {path.stem for path in folder.glob("*.py") if "row.program(" in path.read_text(encoding="utf-8")}

    assert programs == set(report.ORDER)


def test_a_shorter_template_is_another_command(tmp_path: Path) -> None:
    """Only the length differs between the commands of two voices."""
    one, other = template(tmp_path), replace(template(tmp_path), seconds=2.0)
    pairs = zip(one.argv(tmp_path / "o"), other.argv(tmp_path / "o"), strict=True)

    assert [(a, b) for a, b in pairs if a != b] == [("1.500000", "2.000000")]
