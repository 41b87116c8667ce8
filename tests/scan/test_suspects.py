"""Files that were in work when main died are judged last, and one at a time."""

import time
from pathlib import Path
from threading import Event

from videogen.catalog import Catalog
from videogen.ffmpeg import FFmpeg
from videogen.probe import Prober
from videogen.scan import Arrivals, Intake, Journal, LoudnessRule, Scanner
from videogen.scan.arrival import signature_of
from videogen.spool import Spool


def test_suspects_come_last_and_alone(tmp_path: Path, ffmpeg: FFmpeg) -> None:
    """Of five files the three with a crash are decided after the others, never two at once, and lose it (P8)."""
    Spool(tmp_path).lay_out()
    journal, folder = Journal(tmp_path), tmp_path / "raw/story/sea/one/link"
    folder.mkdir(parents=True)
    paths = [folder / f"{number}.txt" for number in range(5)]
    for path in paths:
        path.write_text(f"https://example.org/{path.stem}\n")
    for path in paths[:3]:
        signature = signature_of(path)
        assert signature is not None
        journal.begin(path, signature)
    stop = Event()
    intake = Intake(tmp_path, Catalog(tmp_path), Prober(stop=stop), ffmpeg, LoudnessRule())
    scanner = Scanner(
        tmp_path / "raw", Arrivals(tmp_path / "raw", 0.0), intake, stop, journal=journal, wake=Event(), hands=2
    )

    order: list[str] = []
    at_once: list[int] = []
    until = time.monotonic() + 60
    while len(order) < 5 and time.monotonic() < until:
        result = scanner.scan_once()
        order += [Path(verdict.path).stem for verdict in result.decided]
        at_once.append(result.in_work)
        time.sleep(0.01)
    scanner.close()

    assert sorted(order[:2]) == ["3", "4"]
    assert order[2:] == ["0", "1", "2"]
    assert max(at_once) == 2
    assert list((tmp_path / "scanned/.judging").iterdir()) == []
