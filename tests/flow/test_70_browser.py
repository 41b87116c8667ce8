"""The result in a real browser: it plays to its end, and each place of it can be jumped to.

The page asks the browser's own questions and posts what it found; nothing else of the browser is driven.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest

from tests import footage
from tests.flow.house import House, frames_in
from videogen.model.captions import plain, vtt_of
from videogen.model.timebase import Range
from videogen.model.timeline import Caption

FPS = 30
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CAPTIONS = [(5, 60, "Tom & <Jerry>\n\u05e9\u05dc\u05d5\u05dd"), (60, 90, "--> \U0001f600"), (120, 200, "last")]
PAGE = b"""<!doctype html><video id=video muted src=video.mp4><track id=words src=captions.vtt></video><script>
const video = document.getElementById("video"), times = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const happened = name => new Promise(done => video.addEventListener(name, done, {once: true}));
const tell = found => fetch("found", {method: "POST", body: JSON.stringify(found)});
const canvas = document.createElement("canvas").getContext("2d");
async function look(time) {
  const seeked = happened("seeked");
  video.currentTime = time;
  await seeked;
  canvas.drawImage(video, 0, 0);
  return Array.from(canvas.getImageData(80, 45, 1, 1).data.slice(0, 3));
}
async function cues() {
  const track = document.getElementById("words"), parsed = new Promise(done => track.onload = track.onerror = done);
  track.track.mode = "hidden";
  await parsed;
  return Array.from(track.track.cues || []).map(cue => [cue.startTime, cue.endTime, cue.text]);
}
async function watch() {
  await happened("canplaythrough");
  const told = await cues();
  const seen = [];
  for (const time of times) seen.push(await look(time));
  await look(0);
  const ended = happened("ended");
  video.playbackRate = 4;
  await video.play();
  await ended;
  const quality = video.getVideoPlaybackQuality();
  await tell({ended: video.ended, at: video.currentTime, duration: video.duration, width: video.videoWidth,
    height: video.videoHeight, error: null, seen, corrupted: quality.corruptedVideoFrames,
    sound: video.webkitAudioDecodedByteCount, told});
}
video.addEventListener("error", () => tell({error: video.error.code + " " + video.error.message}));
watch().catch(error => tell({error: String(error)}));
</script>"""


class _Handler(BaseHTTPRequestHandler):
    """Serves one page and one video, in parts when it is asked for parts; takes what the page found."""

    video: bytes
    captions: bytes
    found: "SimpleQueue[dict[str, Any]]"

    def do_GET(self) -> None:
        """Give the page, the video, or a part of it."""
        name = self.path.partition("?")[0]
        pages = {"/": (PAGE, "text/html"), "/video.mp4": (self.video, "video/mp4")}
        pages["/captions.vtt"] = (self.captions, "text/vtt")
        if name not in pages:
            self.send_error(404)
            return
        content, kind = pages[name]
        first, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        start, end = int(first or 0), min(int(last or len(content)), len(content) - 1)
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(end + 1 - start))
        self.end_headers()
        self.wfile.write(content[start : end + 1])

    def do_POST(self) -> None:
        """Take what the page found."""
        self.found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(video: Path, captions: str) -> Iterator[tuple[str, "SimpleQueue[dict[str, Any]]"]]:
    """Serve a video on this machine alone; give the page's address and where its findings come."""
    found: SimpleQueue[dict[str, Any]] = SimpleQueue()
    handler = type("Handler", (_Handler,), {"video": video.read_bytes(), "captions": captions.encode(), "found": found})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", found
        finally:
            server.shutdown()
            thread.join()


def watched(video: Path, times: list[float], folder: Path, captions: str = "WEBVTT") -> dict[str, Any]:
    """Watch a video in Chromium: jump to some times, then play all of it; give what the page found."""
    if CHROMIUM is None:
        pytest.skip("NO BROWSER HAS PLAYED THE RESULT: the package chromium is not installed")
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio"]
    words += ["--disable-background-networking", "--autoplay-policy=no-user-gesture-required"]
    with served(video, captions) as (address, found), (folder / "browser.log").open("wb") as log:
        browser = subprocess.Popen(
            [CHROMIUM, *words, f"--user-data-dir={folder / 'profile'}", f"{address}#{json.dumps(times)}"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            return found.get(timeout=90)
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()


def story(house: House) -> Path:
    """Make a video of eight pieces: clips whole and in part, a crossfade, a gap, each encoded by itself and joined."""
    folder = house.root / "mine"
    folder.mkdir()
    for colour in ("red", "lime", "blue"):
        paint = ("-vf", f"drawbox=c={colour}:t=fill,noise=c0s=12:c0f=t")
        footage.clip(folder / f"{colour}.mp4", size=(160, 90), rate=FPS, seconds=3, extra=paint)
    footage.music_mp3(folder / "music.mp3", seconds=3)

    def clip(colour: str, start: int, end: int) -> dict[str, Any]:
        return {"type": "clip", "asset": f"{colour}.mp4", "source": {"start": start, "end": end}}

    picture = [clip("red", 0, 71), {"type": "transition", "kind": "crossfade", "length": 10}, clip("lime", 0, 90)]
    picture += [clip("blue", 0, 44), {"type": "gap", "length": 7}, clip("red", 0, 33)]
    words = {
        "canvas": {"width": 160, "height": 90, "fps": FPS},
        "picture": picture,
        "sounds": [{"asset": "music.mp3", "is_looped": True}],
        "chapters": [{"start": start, "title": title} for start, title in ((0, "Red"), (61, "Lime \U0001f600"))],
        "captions": [{"at": {"start": start, "end": end}, "text": text} for start, end, text in CAPTIONS],
        "language": "eng",
    }
    (folder / "story.json").write_text(json.dumps(words))
    done = house.run("render", str(folder / "story.json"), "-o", str(folder / "out.mp4"))
    assert done.returncode == 0, done.stderr
    return folder / "out.mp4"


def test_a_browser_plays_the_result(tmp_path: Path) -> None:
    """Chromium plays a stitched video with captions and chapters to its end, and jumps into each piece (A14, D9).

    It knows its length to the frame, and shows the captions of the file beside it at their times, as they were written.
    """
    video = story(House(tmp_path / "spool"))
    frames = 71 - 10 + 90 + 44 + 7 + 33
    looks = {30: "red", 100: "lime", 152: "blue", 190: "blue", 203: "red", frames - 2: "red"}
    colours = {"red": 0, "lime": 1, "blue": 2}

    captions = tuple(Caption(at=Range(start=start, end=end), text=text) for start, end, text in CAPTIONS)

    found = watched(video, [(frame + 0.5) / FPS for frame in looks], tmp_path, vtt_of(captions, Fraction(FPS)))

    assert found["error"] is None, found
    assert frames_in(video) == frames
    assert found["ended"] is True
    assert found["duration"] == pytest.approx(frames / FPS, abs=1 / FPS)
    assert found["at"] == pytest.approx(found["duration"], abs=1 / FPS)
    assert (found["width"], found["height"], found["corrupted"]) == (160, 90, 0)
    assert found["sound"] > 0
    escaped = [plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for *_, text in CAPTIONS]
    assert [text for *_, text in found["told"]] == escaped
    edges = [second for start, end, _ in found["told"] for second in (start, end)]
    assert edges == pytest.approx([edge / FPS for start, end, _ in CAPTIONS for edge in (start, end)], abs=0.001)
    for (frame, colour), pixel in zip(looks.items(), found["seen"], strict=True):
        assert pixel.index(max(pixel)) == colours[colour], (frame, pixel)
        assert max(pixel) > 180, (frame, pixel)
        assert sorted(pixel)[1] < 60, (frame, pixel)


def test_a_browser_refuses_what_is_no_video(tmp_path: Path) -> None:
    """What the page finds is the browser's judgement: a file that is no video is an error there."""
    (tmp_path / "text.mp4").write_bytes(b"not a video" * 100)

    assert "4 " in watched(tmp_path / "text.mp4", [], tmp_path)["error"]
