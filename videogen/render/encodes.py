"""FFmpeg at work for one video: where its words go, which files stand where its command names contents."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Event, Lock

from videogen import durable
from videogen.complaints import damage_told
from videogen.errors import MediaError
from videogen.ffmpeg import LARGE_PAGES, FFmpeg, Progress
from videogen.model.value import readable
from videogen.plan import OUTPUT, Plan, placed
from videogen.plan.encode import on_device
from videogen.plan.graph import STEP
from videogen.plan.together import Run, command, decoded
from videogen.render.executor import Busy
from videogen.render.sessions import Device
from videogen.render.workshop import Workshop

WORDS_BYTES = 1 << 20


class Encodes:
    """The runs of FFmpeg for one video, side by side."""

    def __init__(self, ffmpeg: FFmpeg, plan: Plan, shop: Workshop, device: Device) -> None:
        self._ffmpeg = ffmpeg
        self._plan = plan
        self._shop = shop
        self._device = device
        self._lock = Lock()

    def make(self, run: Run, halt: Event, tell: Callable[[Progress], None]) -> tuple[Path, ...]:
        """Encode segments of one clip, or a single one of whatever kind, into the scratch folder, in one go.

        Raises: Busy: the device has no session free. Stopped: `halt` was set. What FFmpeg's words mean.
        """
        targets = {one.name.key: self._shop.scratch / f"{one.name.key}.mp4" for one in run}
        frames, encoder = sum(one.frames for one in run), self._plan.profile.encoder
        with self._device.session(encoder) as is_free:
            if not is_free:
                raise Busy
            if len(run) == 1:
                argv = on_device(run[0].argv, encoder, self._device.name)
                self._run(run[0].name.key, argv, {"out": targets[run[0].name.key]}, halt, tell, frames)
            else:
                argv, passed = command(run, self._shop.media, self._plan.profile), decoded(run)

                def counted(progress: Progress) -> None:
                    frame = min(frames, progress.frame * frames // passed)
                    size = sum(path.stat().st_size for path in targets.values() if path.exists())
                    tell(Progress(frame, frames, progress.elapsed_s, size))

                self._run(run[0].name.key, argv, targets, halt, counted, passed)
        return tuple(targets.values())

    def run(self, name: str, argv: Sequence[str], target: Path, halt: Event) -> None:
        """Run a command that encodes no picture. Raises: as `make`."""
        self._run(name, argv, {OUTPUT.removeprefix(STEP): target}, halt, lambda _: None, 0)

    def _run(
        self,
        name: str,
        argv: Sequence[str],
        targets: Mapping[str, Path],
        halt: Event,
        tell: Callable[[Progress], None],
        frames: int,
    ) -> None:
        """Run one FFmpeg whose words go to a file of their own, and then to the video's."""
        for target in targets.values():
            durable.remove(target)
        contents = {word[6:].partition("#")[0] for word in argv if word.startswith("asset:")}
        assets = {content: f"file:{self._shop.file_of(content)}" for content in contents}
        steps = {name: f"file:{target}" for name, target in targets.items()}
        words = self._shop.scratch / f"{name}.log"
        try:
            self._ffmpeg.run(
                [placed(argument, assets, steps) for argument in argv],
                log=words,
                total=frames,
                on_progress=tell,
                stop=halt,
                env={**os.environ, **LARGE_PAGES} if frames else None,
            )
            if frames:
                self._expect_whole(contents, words)
        finally:
            self._keep_words(words)

    def _expect_whole(self, contents: Iterable[str], words: Path) -> None:
        """Raise MediaError where a clip that someone chose is damaged; FFmpeg conceals it. One decoded whole is not."""
        chosen, media = self._shop.chosen, self._shop.media
        known = ((content, media[content].picture) for content in contents if content in chosen and content in media)
        sampled = sorted(readable(chosen[content]) for content, picture in known if picture and picture.is_sampled)
        if not sampled or not words.exists():
            return
        with words.open("rb") as file:
            line = damage_told(file.read(WORDS_BYTES).decode("utf-8", "replace"))
        if line:
            raise MediaError(
                f"{' or '.join(sampled)} cannot be decoded where the video shows it ({line[:200]})",
                remedy="Copy it again, or export it anew from the original.",
                code="decode-error",
            )

    def _keep_words(self, words: Path) -> None:
        if words.exists():
            with self._lock, self._shop.log.open("ab") as all_words:
                all_words.write(words.read_bytes())
            durable.remove(words)
