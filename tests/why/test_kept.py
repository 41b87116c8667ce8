"""The library, the store and trash/invalid: what a thing is, where it is used, why it was refused (B5, P25)."""

import json
import os
import shlex
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests import papers
from tests.test_segments import note_of
from tests.why.conftest import Place
from videogen.crawl.report import report_of
from videogen.errors import MediaError
from videogen.model.media import Asset, Colour, Media
from videogen.model.segment import Name
from videogen.trash import Trash
from videogen.why import Explainer, library

CLIP = "scanned/video/a/mp4_w64_h64/1.0_c.mp4"
VOICE = "scanned/story/a/s/voice/v.mp3"
LINK = "scanned/story/a/s/link/l.txt"
BROKEN = MediaError("clip.mp4 is cut short", remedy="Copy it again, whole.", code="truncated")


def voice(place: Place, **changes: object) -> Asset:
    """Put a voice into the library."""
    asset = papers.asset("voice", VOICE, papers.sound(44100), story="s").model_copy(update=changes)
    place.shelve(asset)
    return asset


# -- the library -----------------------------------------------------------------------------------------------------


def test_an_asset_tells_what_was_measured(place: Place) -> None:
    """A clip tells its size as shown, frames, rate and length, and what is out of the ordinary about it."""
    odd = papers.picture(
        2, size=(720, 576), rate=Fraction(25), sar=Fraction(16, 11), is_cfr=False, is_interlaced=True, rotation=90,
        colour=Colour(transfer="smpte2084"),
    )  # fmt: skip
    place.shelve(papers.asset("video", CLIP, odd))

    found = place.only(CLIP)

    assert (found.state, found.room) == ("in-library", "scanned")
    assert found.facts["shown_px"] == "576x1047"
    assert found.facts["stored_px"] == "720x576"
    assert (found.facts["frames"], found.facts["rate"], found.facts["duration_s"]) == (50, "25", 2.0)
    assert (found.facts["turned_by_deg"], found.facts["sar"]) == (90, "16/11")
    assert [note.partition(":")[0] for note in found.notes] == ["vfr", "hdr", "interlaced"]


@pytest.mark.parametrize("beside", [CLIP, CLIP + ".json"])
def test_an_asset_names_the_tasks_and_videos_that_use_it(place: Place, beside: str) -> None:
    """A clip, asked for by itself or by its side file, names each task and each video with it, and no other."""
    place.shelve(papers.asset("video", CLIP, papers.picture()))
    task, done = papers.task(), papers.task()
    place.put(f"tasks/{task.task_id}/metadata.json", task.to_json())
    place.put(f"output/{done.task_id}/manifest.json", papers.manifest(done).to_json())
    place.put("output/other/manifest.json", '{"clip": "scanned/video/a/mp4_w64_h64/1.0_c2.mp4"}')

    found = place.only(beside)

    assert [row["used_in"] for row in found.rows] == [f"tasks/{task.task_id}", f"output/{done.task_id}"]


def test_a_name_with_quotes_is_found_in_papers(place: Place) -> None:
    """An asset whose name JSON has to escape is found where it is used."""
    odd = 'scanned/video/it\'s "fun" 🌞/mp4_w64_h64/1.0_c.mp4'
    place.shelve(papers.asset("video", odd, papers.picture()))
    task = papers.task()
    clip = task.inputs.clips[0].model_copy(update={"path": odd})
    task = task.model_copy(update={"inputs": task.inputs.model_copy(update={"clips": (clip,)})})
    place.put(f"tasks/{task.task_id}/metadata.json", task.to_json())

    assert len(place.only(place.root / odd).rows) == 1


def test_a_damaged_side_file_says_so(place: Place) -> None:
    """A file without its measurements is damaged, and the remedy says what to do."""
    place.put(CLIP)
    torn = place.put(CLIP.replace("1.0_c", "2.0_d"))
    place.put(torn.relative_to(place.root).as_posix() + ".json", "{")

    assert [place.only(path).state for path in (CLIP, torn)] == ["damaged", "damaged"]
    assert "raw/" in place.only(CLIP).remedy


@pytest.mark.parametrize(
    ("rule", "there", "state", "said"),
    [
        ("prefer", (), "waiting", "no music and no clips in the library"),
        ("prefer", ("music/b/mp3/1.0_m.mp3",), "waiting", "no clips in the library"),
        ("only", ("music/b/mp3/1.0_m.mp3", "video/a/x/1.0_c.mp4"), "waiting", "no music in category a"),
        ("prefer", ("music/b/mp3/1.0_m.mp3", "video/b/x/1.0_c.mp4"), "no-main", "main is not running"),
        ("only", ("music/a/mp3/1.0_m.mp3", "video/a/x/1.0_c.mp4"), "no-main", "main is not running"),
    ],
)
def test_a_waiting_voice_says_what_it_lacks(
    place: Place, rule: str, there: tuple[str, ...], state: str, said: str
) -> None:
    """A voice without a task says in main's own words what the library lacks, by the rule that is set (A12)."""
    voice(place)
    for path in there:
        place.shelve(papers.asset("music", f"scanned/{path}", papers.sound(44100)))
    asked = Explainer(place.spool, quiet_s=0, category_rule="only" if rule == "only" else "prefer")

    (found,) = asked.explain(VOICE)

    assert found.state == state
    assert said in found.because


def test_a_voice_leads_to_its_task(place: Place) -> None:
    """A voice whose task is in a room is followed by that task; one whose task is nowhere says that it is gone."""
    asset = voice(place, is_assembled=True)
    gone = place.only(VOICE)

    place.spool.publish(papers.task(asset.task_id), lambda _: None)
    found = place.ask(VOICE)

    assert gone.state == "gone"
    assert [one.path for one in found] == [VOICE, f"tasks/{asset.task_id}"]
    assert (found[0].state, found[1].state) == ("tasked", "waiting")


def test_a_crawl_report_is_told_line_by_line(place: Place) -> None:
    """Every line of a list of links says what became of it, with the remedy that its code has (A7)."""
    link = place.shelve(papers.asset("link", LINK, papers.sound(1)).model_copy(update={"media": Media()}))
    waiting = place.only(LINK)
    urls = [
        {"index": 1, "url": "https://a.example/", "is_ok": True, "chunks": ["chunk_0001.txt", "chunk_0002.txt"]},
        {"index": 2, "url": "https://b.example/", "is_ok": False, "code": "http-404", "message": "answered with 404"},
    ]
    report_of(link).write_text(json.dumps({"link": link.name, "urls": urls}))

    found = place.only(LINK)

    assert waiting.state == "no-crawl"
    assert place.only(report_of(link)).path == LINK
    assert (found.state, found.because) == ("crawled", "1 of its 2 addresses gave text")
    assert [(row["line"], row["chunks"], row["code"]) for row in found.rows] == [
        (1, "chunk_0001.txt, chunk_0002.txt", ""),
        (2, "", "http-404"),
    ]
    assert found.rows[1]["remedy"] == "Open the address in a browser and see."


def test_a_chunk_tells_its_page(place: Place) -> None:
    """A chunk of crawled text names its page and its list of links."""
    place.put("scanned/story/a/s/chunk_0001.txt")
    place.put("scanned/story/a/s/chunk_0001.txt.json", json.dumps({"url": "https://a.example/", "link": "l.txt"}))

    found = place.only("chunk_0001.txt")

    assert (found.state, found.facts) == ("text", {"url": "https://a.example/", "link": "l.txt"})


# -- the store -------------------------------------------------------------------------------------------------------


def segment(place: Place, word: str = "a") -> Path:
    """Put an encoded piece into the store."""
    name = Name(look=papers.digest("look " + word), key=papers.digest("key " + word))
    where = f"scanned/.segments/{name.look[:2]}/{name.look}/{name.key}"
    place.put(f"{where}.json", note_of(b"bytes", name, "clip 0..60").to_json())
    return place.put(f"{where}.mp4", b"bytes")


def test_a_segment_is_found_by_its_key(place: Place) -> None:
    """A key, its beginning, the piece and its note all lead to what the piece shows."""
    path = segment(place)
    segment(place, "b")

    found = [place.only(what) for what in (path.stem, path.stem[:12], path, path.with_suffix(".json"))]

    assert {one.path for one in found} == {path.relative_to(place.root).as_posix()}
    assert (found[0].state, found[0].facts["shows"]) == ("kept", "clip 0..60")


def test_looking_at_a_damaged_segment_leaves_it(place: Place) -> None:
    """A piece of another size, or with a torn note, is told as damaged and is not dropped by the look."""
    path = segment(place)

    path.write_bytes(b"longer than it was")
    other_size = place.only(path)
    path.with_suffix(".json").write_text("{")
    torn = place.only(path)
    path.with_suffix(".json").unlink()
    half = place.only(path)

    assert [one.state for one in (other_size, torn, half)] == ["damaged", "damaged", "half"]


# -- trash/invalid ---------------------------------------------------------------------------------------------------


def test_a_refused_file_tells_why_and_how_again(place: Place) -> None:
    """A refused file, and its note, tell code, sentence, remedy, and a command that really drops it again (A19)."""
    name = 'it\'s a "clip".mp4'
    target = Trash(place.root).refuse(place.put(f"raw/video/sea/{name}"), BROKEN)

    found = place.only(target)

    assert place.only(f"trash/invalid/{name}.reason.json") == found
    assert (found.state, found.code, found.remedy) == ("refused", "truncated", BROKEN.remedy)
    assert found.because == BROKEN.message
    assert found.facts["dropped_as"] == f"raw/video/sea/{name}"
    assert found.facts["size_bytes"] == 7
    command = found.notes[-1].partition(": ")[2]
    subprocess.run(shlex.split(command), cwd=place.root, check=True)
    assert (place.root / "raw/video/sea" / name).read_bytes() == b"content"
    assert place.only(f"trash/invalid/{name}.reason.json").state == "removed"


def test_a_child_s_last_words_are_told(place: Place) -> None:
    """What a child said before it died stands there line by line, its status in the table (P25)."""
    died = MediaError("it died", remedy="None.", code="inspector-died", status=-11, stderr="one\ntwo\n")
    target = Trash(place.root).refuse(place.put("raw/video/sea/clip.mp4"), died)

    found = place.only(target)

    assert [row["stderr"] for row in found.rows] == ["one", "two"]
    assert found.facts["status"] == -11
    assert "stderr" not in found.facts


def test_a_file_called_like_a_note_is_none(place: Place) -> None:
    """A refused file whose own name ends like a note's is explained by its own note."""
    target = Trash(place.root).refuse(place.put("raw/video/sea/a.reason.json"), BROKEN)

    assert place.only(target).path == "trash/invalid/a.reason.json"
    assert place.only(target).state == "refused"


@pytest.mark.parametrize("note", [None, "{", "[]", '"x"', "[" * 100_000])
def test_a_file_without_a_reason_says_so(place: Place, note: str | None) -> None:
    """What lies in trash/invalid without a note that can be read is told as that (P25)."""
    place.put("trash/invalid/clip.mp4")
    if note is not None:
        place.put("trash/invalid/clip.mp4.reason.json", note)

    assert place.only("trash/invalid/clip.mp4").state == "no-reason"


# -- names -----------------------------------------------------------------------------------------------------------


def test_a_bare_name_is_found_everywhere(place: Place) -> None:
    """A name alone finds the file that is dropped, those in the library and those refused, each once (B5)."""
    place.put("raw/video/sea/c.mp4")
    place.shelve(papers.asset("video", CLIP, papers.picture()))
    renamed = papers.asset("video", "scanned/video/a/mp4_w64_h64/2.0_uuid.mp4", papers.picture())
    place.shelve(renamed.model_copy(update={"original_name": "c.mp4"}))
    place.shelve(papers.asset("video", "scanned/video/a/mp4_w64_h64/1.0_abc.mp4", papers.picture()))
    for _ in range(2):
        Trash(place.root).refuse(place.put("raw/video/lake/c.mp4"), BROKEN)

    found = place.ask("c.mp4")

    assert sorted(one.path for one in found) == [
        "raw/video/sea/c.mp4",
        CLIP,
        "scanned/video/a/mp4_w64_h64/2.0_uuid.mp4",
        "trash/invalid/c.mp4",
        "trash/invalid/c~2.mp4",
    ]


def test_what_left_raw_is_found_where_it_went(place: Place) -> None:
    """The path a file was dropped at leads to what became of it, and not to others of its name (B5)."""
    taken = papers.asset("video", CLIP, papers.picture())
    place.shelve(taken.model_copy(update={"source": taken.source.model_copy(update={"path": "raw/video/a/c.mp4"})}))
    Trash(place.root).refuse(place.put("raw/video/lake/c.mp4"), BROKEN)

    assert place.only("raw/video/a/c.mp4").path == CLIP
    assert place.only(place.root / "raw/video/lake/c.mp4").path == "trash/invalid/c.mp4"


@pytest.mark.parametrize(
    "what", ["", ".", "/", "nothing.mp4", "raw/video/x.mp4", "/etc/passwd", "*", "../..", "a" * 5000]
)
def test_what_is_nowhere_has_no_answer(place: Place, what: str) -> None:
    """A name that nothing has, a path elsewhere, and nonsense have no answer and no error."""
    place.put("raw/video/sea/clip.mp4")

    assert place.ask(what) == []


def test_a_name_that_is_not_utf8_is_told_readably(place: Place) -> None:
    """A file whose name is not UTF-8 is found by that name, and its answer can be printed."""
    place.put("raw/video/sea/caf\udce9.mp4")

    found = place.only("raw/video/sea/caf\udce9.mp4")

    assert found.path == "raw/video/sea/caf\\xe9.mp4"
    json.dumps(found.to_dict(), ensure_ascii=False).encode()


def test_a_link_to_the_root_is_the_root(place: Place, tmp_path: Path) -> None:
    """A path through another name of the root is a path of the root."""
    (tmp_path / "other").symlink_to(place.root)
    place.put("raw/video/sea/clip.mp4")

    assert place.only(tmp_path / "other/raw/video/sea/clip.mp4").path == "raw/video/sea/clip.mp4"


def test_the_newest_are_asked_first(place: Place) -> None:
    """Of very many tasks only the newest are read: what the oldest uses is not found, and the answer says so."""
    place.shelve(papers.asset("video", CLIP, papers.picture()))
    task = papers.task()
    old = place.put(f"tasks/{task.task_id}/metadata.json", task.to_json()).parent
    among_few = place.only(CLIP).rows
    for number in range(library.NEWEST):
        (place.root / f"tasks/{number}").mkdir()
    os.utime(old, (1, 1))

    found = place.only(CLIP)

    assert (len(among_few), len(found.rows)) == (1, 0)
    assert f"none of the newest {library.NEWEST}" in found.because
