"""Mutants of the protocol: the same source with one promise left out, and the tests that must see it.

Each is made in a copy of the package, never in the package itself. A mutant that survives is a missing test.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240
POWER = "tests/crash/test_power.py"
SPOOL = "tests/test_spool.py"
LIVES = "tests/crash/test_lives.py"
CRASH = "tests/crash/test_spool_crash.py"
LIAR = "tests/crash/test_liar.py"
CLOCKS = "tests/crash/test_clocks.py"
DISK = "tests/test_disk.py"
DURABLE = "tests/test_durable.py"
QUEUE = "tests/spool/test_queue.py"
ZOMBIES = "tests/crash/test_zombies.py"


@dataclass(frozen=True)
class Mutant:
    """One change of one file. `tests` are the modules of which one must fail, the likeliest first."""

    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}: {self.why}"

    def source(self, package: Path) -> str:
        """Give the file as the mutant has it. Raises: ValueError: the old text is not there, or not only once."""
        text = (package / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self}: the text is there {text.count(self.old)} times")
        return text.replace(self.old, self.new)


MUTANTS = (
    # -- a sync left out
    Mutant("content.py", "                DISK.sync(file.fileno())\n", "", "a new file is not synced", (POWER,)),
    Mutant("content.py", "    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)\n", "", "no folder is synced", (POWER,)),
    Mutant("content.py", "    _sync(path, os.O_RDONLY)\n", "", "the bytes of others are not synced", (POWER,)),
    Mutant("content.py", "        sync_folder(Path(where))\n", "", "a tree is synced without its folders", (POWER,)),
    Mutant(
        "content.py", "                sync_file(path)\n", "                pass\n", "or without its files", (POWER,)
    ),
    Mutant(
        "durable.py",
        '    point("durable.write.after_rename")\n    sync_folder(path.parent)\n',
        '    point("durable.write.after_rename")\n',
        "the name of what is written is not synced",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        "        DISK.sync(file.fileno())\n",
        "",
        "what is written over is not synced",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        "        DISK.unlink(temporary)\n    sync_folder(path.parent)\n    return True\n",
        "        DISK.unlink(temporary)\n    return True\n",
        "the name of what is created is not synced",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        "    for folder in missing:\n        sync_folder(folder.parent)\n",
        "",
        "the name of a new folder is not synced",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        '    point("durable.move.after_rename")\n    sync_folder(target.parent)\n',
        '    point("durable.move.after_rename")\n',
        "the room a thing was moved to is not synced",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        "        sync_folder(source.parent)\n    point(",
        "        pass\n    point(",
        "the room a thing was moved from is not synced",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        '    point("durable.move_new.after_link")\n    sync_folder(target.parent)\n',
        '    point("durable.move_new.after_link")\n',
        "the second name is not synced before the first goes",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        '    point("durable.move_new.after_unlink")\n    sync_folder(source.parent)\n',
        '    point("durable.move_new.after_unlink")\n',
        "the first name may come back",
        (POWER,),
    ),
    Mutant(
        "durable.py",
        "    with suppress(FileNotFoundError):\n        sync_folder(path.parent)\n",
        "",
        "what is removed may come back",
        (POWER,),
    ),
    Mutant("spool/rooms.py", "        durable.sync_tree(building)\n", "", "a task is not synced", (POWER,)),
    Mutant("spool/rooms.py", "            durable.sync_tree(claim.out)\n", "", "a video is not synced", (POWER,)),
    # -- a rename that is none
    Mutant(
        "durable.py",
        "            DISK.rename(temporary, path)\n        except BaseException:",
        "            shutil.copyfile(temporary, path)\n        except BaseException:",
        "a write is a copy",
        (DURABLE, POWER),
    ),
    Mutant(
        "durable.py",
        '    point("durable.move.before")\n    try:\n        DISK.rename(source, target)\n',
        '    point("durable.move.before")\n    try:\n        shutil.move(source, target)\n',
        "a move may be a copy, or go into what is there",
        (DURABLE, SPOOL),
    ),
    Mutant(
        "durable.py",
        "        DISK.link(source, target)\n    except FileExistsError:\n        return False\n",
        "        DISK.rename(source, target)\n    except FileExistsError:\n        return False\n",
        "a name that is taken is replaced",
        (DURABLE,),
    ),
    # -- a server's false answers believed
    Mutant(
        "disk.py",
        "if error.errno not in REPEATED or not",
        "if True or not",
        "a rename is not looked after",
        (LIAR, DISK),
    ),
    Mutant(
        "disk.py",
        "            if not folder.is_dir():\n                raise\n",
        "            raise\n",
        "nor a mkdir",
        (LIAR,),
    ),
    Mutant(
        "disk.py",
        "                if error.errno != errno.ESTALE:\n",
        "                if True:\n",
        "a stale handle ends all",
        (LIAR,),
    ),
    # -- who holds a lock, who lives
    Mutant(
        "locks.py",
        "    except OSError:\n        return True\n",
        "    except OSError:\n        return False\n",
        "a lock that is held is free",
        (DURABLE, SPOOL),
    ),
    Mutant(
        "spool/sweep.py",
        ">= max(self._lease_s, paper.lease_s if paper else 0.0):",
        ">= 0:",
        "the lease is not waited for",
        (ZOMBIES, SPOOL),
    ),
    Mutant(
        "spool/sweep.py",
        "if found.task_id in self._me.held():",
        "if False:",
        "what one works on oneself is taken",
        (SPOOL,),
    ),
    Mutant(
        "spool/sweep.py",
        "clock: Callable[[], float] = time.monotonic,",
        "clock: Callable[[], float] = time.time,",
        "silence is measured by the wall clock",
        (CLOCKS,),
    ),
    Mutant(
        "spool/heart.py",
        "clock: Callable[[], float] = durable.boot_s,",
        "clock: Callable[[], float] = __import__('time').time,",
        "a pulse is measured by the wall clock",
        (CLOCKS,),
    ),
    Mutant(
        "spool/sweep.py",
        "life.silent_s += min(now - life.at, self._lease_s / LOOKS)",
        "life.silent_s += now - life.at",
        "a sleep of the looker is a death of the other",
        (ZOMBIES,),
    ),
    # -- one winner, one token, one fence
    Mutant(
        "spool/rooms.py",
        'mine = self.processing / f".{task_id}.{node}.{epoch}"',
        'mine = self.processing / f".{task_id}.any.{epoch}"',
        "all claim under one name",
        (ZOMBIES, SPOOL),
    ),
    Mutant(
        "spool/rooms.py",
        '        return self.folder / f"out.{self.epoch}"\n',
        '        return next(self.folder.glob("out.*"), self.folder / "out")\n',
        "any token will do",
        (SPOOL,),
    ),
    Mutant(
        "spool/rooms.py",
        "        returning.fence(claim.folder, claim.epoch)\n"
        "        with self._fenced_again(claim):\n            returning.give",
        "        next(claim.folder.glob('out.*')).rename(claim.folder / f'.fenced.{claim.epoch}')\n"
        "        with self._fenced_again(claim):\n            returning.give",
        "whoever gives back fences what it finds",
        (SPOOL,),
    ),
    Mutant(
        "spool/rooms.py",
        "        if self.room_of(task.task_id) is not None:\n            return False\n",
        "",
        "an id is published again",
        (SPOOL,),
    ),
    Mutant(
        "spool/rooms.py",
        "            durable.move(claim.out, target)\n",
        "            durable.remove_tree(target)\n            durable.move(claim.out, target)\n",
        "a video is put over another",
        (SPOOL,),
    ),
    Mutant(
        "spool/rooms.py",
        "            if durable.digest(arriving) != sha256:\n",
        "            if not sha256:\n",
        "what arrived is not looked at",
        (ZOMBIES,),
    ),
    Mutant(
        "spool/returning.py",
        'durable.move(fenced, following / f"out.{epoch + 1}")',
        'durable.move(fenced, following / f"out.{epoch}")',
        "the epoch is not raised",
        (SPOOL,),
    ),
    Mutant(
        "spool/returning.py",
        'durable.move(fenced, following / f"out.{epoch + 1}")',
        '(following / f"out.{epoch + 1}").mkdir()',
        "a second token is made",
        (CRASH, LIVES),
    ),
    Mutant(
        "spool/returning.py",
        "    if not is_displaced(reaped, epoch):\n        return False\n",
        "    return False\n",
        "a claim taken aside by mistake is not put back",
        (ZOMBIES,),
    ),
    Mutant(
        "spool/returning.py",
        "    if held is not None:\n        fence(folder, epoch)\n",
        "    if held is not None:\n        (folder / f'.fenced.{epoch}').mkdir()\n",
        "the dead are not fenced",
        (SPOOL, CRASH),
    ),
    Mutant(
        "spool/returning.py",
        '        durable.write(folder / f".fenced.{epoch}" / CHANGED, task.to_json())\n',
        "        (folder / CHANGED).write_text(task.to_json())\n",
        "the verdict is not kept with the token",
        (ZOMBIES,),
    ),
    # -- what is counted, and said
    Mutant(
        "spool/returning.py",
        "give_back(root, folder, epoch, Changed(task.attempts + 1,",
        "give_back(root, folder, epoch, Changed(task.attempts,",
        "a death is no attempt",
        (SPOOL,),
    ),
    Mutant(
        "spool/returning.py",
        "    if task.attempts + 1 < ATTEMPTS:\n",
        "    if True:\n",
        "poison is tried for ever",
        (SPOOL, LIVES),
    ),
    Mutant(
        "spool/returning.py",
        "        durable.write(fenced / REASON, reason.to_json())\n",
        "",
        "no reason is written",
        (SPOOL,),
    ),
    Mutant(
        "spool/broken.py",
        "            durable.write(beside, note.to_json())\n            durable.move(path, target)\n",
        "            durable.move(path, target)\n            durable.write(beside, note.to_json())\n",
        "the reason comes after the thing",
        (LIVES, SPOOL),
    ),
    Mutant(
        "spool/returning.py",
        '    durable.remove_tree(folder / f".scratch.{epoch}")\n',
        "",
        "scratch is kept for ever",
        (SPOOL, CRASH),
    ),
    Mutant(
        "trash.py",
        "                if not os.path.lexists(target):",
        "                if True:",
        "a reason is taken away from what it is the reason of",
        (CRASH,),
    ),
    # -- what is looked for
    Mutant(
        "spool/queue.py",
        "        if not self._is_due(now):\n",
        "        if self._listed is not None:\n",
        "there is no second listing",
        (QUEUE,),
    ),
    Mutant(
        "spool/sweep.py",
        "            elif match := HALF.fullmatch(path.name):\n",
        "            elif (match := HALF.fullmatch(path.name)) and not path.exists():\n",
        "half a claim is not found",
        (SPOOL, CRASH),
    ),
)


class Nursery:
    """A copy of the package and its tests, in which mutants live one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        skip = shutil.ignore_patterns("__pycache__", "golden")
        for name in ("videogen", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=skip)
        shutil.copy(ROOT / "pyproject.toml", folder)

    def trouble(self, tests: tuple[str, ...]) -> str:
        """Run tests on the copy until one fails; give what it said, empty where all pass.

        Raises: ValueError: they could not be run at all, which catches nothing.
        """
        options = ("-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:randomly")
        argv = [sys.executable, "-m", "pytest", *options, *tests]
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                argv, check=False, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
            )
        except subprocess.TimeoutExpired:
            return "it hangs"
        if done.returncode not in {0, 1}:
            raise ValueError(f"the tests cannot be run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout if done.returncode else ""

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[None]:
        """Have the copy be the mutant until the block ends."""
        package = self.folder / "videogen"
        source, original = mutant.source(package), (package / mutant.file).read_text(encoding="utf-8")
        (package / mutant.file).write_text(source, encoding="utf-8")
        try:
            yield
        finally:
            (package / mutant.file).write_text(original, encoding="utf-8")

    def is_caught(self, mutant: Mutant) -> bool:
        """Whether one of the mutant's tests fails; the likeliest module is asked first, and alone."""
        with self.changed(mutant):
            return any(self.trouble((tests,)) for tests in mutant.tests)
