"""A story through videogen against the same work as one hand-written FFmpeg command: `python -m bench.render`.

Both sides run in one go on the same clips with the same encoder settings; the figure is the ratio of their times. Today
the plan is one full encode, so the ratio says what the house costs: inspection of nothing, one proof, two renames.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from videogen.model.task import Task
from videogen.toolchain import find

RESOLUTION = os.environ.get("BENCH_RESOLUTION", "1280x720")


def main() -> int:
    """Print both times and the ratio. Give 75 where there is no media to work on."""
    media = os.environ.get("VIDEOGEN_TEST_MEDIA")
    if not media:
        sys.stderr.write("Set VIDEOGEN_TEST_MEDIA to a folder with v01*.mp4, v05*.mp4, s01*.mp3 and m01*.mp3.\n")
        return 75
    with tempfile.TemporaryDirectory(prefix="videogen-bench-") as name:
        root = Path(name)
        _drop(Path(media), root)
        _videogen(root, "main", "--once")
        (task,) = [folder for folder in (root / "tasks").iterdir() if not folder.name.startswith(".")]
        paper = Task.model_validate_json((task / "metadata.json").read_bytes())
        plain_s = _timed(_plain(root, paper))
        began = time.monotonic()
        _videogen(root, "node", "--once")
        house_s = time.monotonic() - began
    video_s = paper.voice_duration
    print(f"{RESOLUTION}, {video_s:.1f} s of video, {len(paper.inputs.clips)} clips")
    print(f"one FFmpeg command   {plain_s:7.2f} s   {video_s / plain_s:5.2f} x real time")
    print(f"videogen node --once {house_s:7.2f} s   {video_s / house_s:5.2f} x real time")
    print(f"ratio                {plain_s / house_s:7.3f}")
    return 0


def _drop(media: Path, root: Path) -> None:
    _videogen(root, "init")
    config = f'[render]\nresolution = "{RESOLUTION}"\nencoder = "libx264"\n[scan]\nquiet_s = 0.2\n'
    (root / "videogen.toml").write_text(config)
    for pattern, place in (
        ("v01*.mp4", "video/bench"),
        ("v05*.mp4", "video/bench"),
        ("m01*.mp3", "music/bench"),
        ("s01*.mp3", "story/bench/sonnet/voice"),
    ):
        (root / "raw" / place).mkdir(parents=True, exist_ok=True)
        for path in media.glob(pattern):
            shutil.copy(path, root / "raw" / place)


def _plain(root: Path, paper: Task) -> list[str]:
    """Write the command a person would: rate, scale and pad per clip, the concat filter, music under the voice."""
    width, height = paper.render.resolution.split("x")
    inputs: list[str] = []
    chains = []
    for index, clip in enumerate(paper.inputs.clips):
        inputs += ["-i", str(root / clip.path)]
        chains.append(
            f"[{index}:v]fps=30,scale={width}:{height}:flags=bicubic:force_original_aspect_ratio=decrease,"
            f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p[c{index}]"
        )
    count = len(chains)
    joined = "".join(f"[c{index}]" for index in range(count)) + f"concat=n={count}:v=1:a=0[v]"
    sound = f"[{count}:a]volume=0.25[m];[{count + 1}:a]volume=1.0[s];[m][s]amix=inputs=2:normalize=0[a]"
    return [
        str(find("").program),
        *("-y", "-v", "error", "-nostdin", *inputs),
        *("-stream_loop", "-1", "-i", str(root / paper.inputs.music.path), "-i", str(root / paper.inputs.voice.path)),
        *("-filter_complex", ";".join([*chains, joined, sound]), "-map", "[v]", "-map", "[a]"),
        *("-c:v", "libx264", "-preset", "medium", "-crf", "23", "-g", "250", "-r", "30"),
        *("-c:a", "aac", "-b:a", "192k", "-t", str(paper.voice_duration), "-movflags", "+faststart"),
        str(root / "plain.mp4"),
    ]


def _timed(argv: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(argv, check=True)
    return time.monotonic() - began


def _videogen(root: Path, *arguments: str) -> None:
    program = Path(sys.executable).with_name("videogen")
    subprocess.run([str(program), "--root", str(root), *arguments], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
