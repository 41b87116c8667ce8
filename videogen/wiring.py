"""Builds the parts from the settings: the only place that reads them.

Each part is imported where it is built, so that a process pays at its start for what it does, not for all there is.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import structlog

from videogen import config, durable
from videogen.errors import ConfigError, VideogenError
from videogen.model.timebase import Range, parse_rate, parse_resolution

if TYPE_CHECKING:
    from videogen.assemble import Assembler
    from videogen.bounds import Bounds
    from videogen.cage import Walls
    from videogen.catalog import Catalog
    from videogen.crawl.crawl import Crawler
    from videogen.cutting import Rules
    from videogen.desk import Desk
    from videogen.doctor import Patient
    from videogen.draft import Drafts
    from videogen.jobs import Jobs
    from videogen.metrics import Meter
    from videogen.model.profile import Encoder
    from videogen.model.quality import Limits
    from videogen.model.timeline import Canvas
    from videogen.probe import Prober
    from videogen.render import Bench, Device, Node, Warmer
    from videogen.scan import Scanner, Watch
    from videogen.segments import Segments
    from videogen.spool import Spool
    from videogen.spool.queue import Queue
    from videogen.toolchain import Toolchain
    from videogen.why import Explainer

log = structlog.get_logger()

GIB = 1 << 30


class House:
    """One root with its settings, and every part built once, when it is asked for."""

    def __init__(self, root: Path, stop: Event | None = None, wake: Event | None = None) -> None:
        self.root = Path(os.path.abspath(root))
        self.settings = config.load(self.root)
        self.stop = stop or Event()
        self.wake = wake or Event()
        """Set when there is something to look at before the next look is due."""

    def reloaded(self) -> House:
        """Give the house as its settings are now; where they are wrong, this one, and the log says so."""
        try:
            house = House(self.root, self.stop, self.wake)
        except VideogenError as error:
            log.error("Goes on with the old settings", because=error.message, remedy=error.remedy)
            return self
        log.info("Read the settings again", changed=config.changed(self.settings, house.settings) or "nothing")
        house.watch = self.watch
        return house

    @cached_property
    def watch(self) -> Watch:
        """The events of raw/, which nobody listens to yet; a house that is read again keeps its ears."""
        from videogen.scan import Hints, Watch

        return Watch(self.root / "raw", Hints(self.wake))

    @cached_property
    def spool(self) -> Spool:
        """The rooms."""
        from videogen.spool import Spool

        return Spool(self.root)

    @cached_property
    def bounds(self) -> Bounds:
        """The hand that takes away what is too old or too much."""
        from videogen.bounds import Bounds, Caps
        from videogen.calm import DAY_S

        trash, logs = self.settings.trash, self.settings.log
        caps = Caps(
            trash_s=trash.days * DAY_S,
            trash_bytes=trash.max_gb * 1e9,
            attempts_s=trash.attempts_days * DAY_S,
            attempts_bytes=trash.attempts_gb * 1e9,
            logs_s=logs.keep_days * DAY_S,
            logs_bytes=logs.max_gb * 1e9,
        )
        return Bounds(self.spool, self.root / logs.dir, caps)

    @cached_property
    def catalog(self) -> Catalog:
        """The library's index, not loaded yet."""
        from videogen.catalog import Catalog

        return Catalog(self.root, self.settings.assemble.weights)

    @cached_property
    def _host(self) -> str:
        return re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:40]

    @cached_property
    def _wanted_encoder(self) -> Encoder:
        from videogen.model.profile import Encoder

        render = self.settings.render
        return Encoder(preset=render.preset, quality=render.crf, gop=render.gop, threads=render.threads)

    @cached_property
    def toolchain(self) -> Toolchain:
        """The FFmpeg of this machine."""
        from videogen.toolchain import Conditions, Proofs, find

        ffmpeg = self.settings.ffmpeg
        proofs = Proofs(self.spool.nodes / f".proofs.{self._host}.json", ttl_s=ffmpeg.proof_s)
        conditions = Conditions(self._wanted_encoder, proofs, walls=self._walls)
        return find(ffmpeg.path, self.settings.render.encoder, conditions)

    @property
    def _walls(self) -> Walls:
        from videogen.cage import Walls

        return Walls(self.settings.ffmpeg.reads, self.settings.ffmpeg.writes)

    @cached_property
    def _device(self) -> tuple[Encoder, Device]:
        """The encoder that was chosen, its device, and the sessions that all nodes of this host share."""
        from videogen.render import Device, Sessions

        chosen = self.toolchain.choose(self.settings.render.encoder)
        encoder = self._wanted_encoder.model_copy(update={"name": chosen.encoder})
        if not (self.root / "processing").is_dir():
            return encoder, Device(chosen.device)  # outside a spool nothing is shared, and no folder is made
        home = self.spool.nodes / f".sessions.{self._host}"
        sessions = Sessions.of(home, encoder, chosen.device, self.settings.node.sessions)
        return encoder, Device(chosen.device, sessions)

    @cached_property
    def canvas(self) -> Canvas:
        """What every story's frames have in common."""
        from videogen.model.timeline import Canvas

        render = self.settings.render
        width, height = parse_resolution(render.resolution)
        return Canvas(width=width, height=height, fps=parse_rate(render.frame_rate))

    @cached_property
    def prober(self) -> Prober:
        """The way to look into a file."""
        from videogen import cage
        from videogen.probe import Prober

        scan = self.settings.scan
        return Prober(
            limits=cage.Limits(memory_bytes=int(scan.probe_memory_gb * GIB), open_files=64),
            timeout_s=scan.probe_s,
            stop=self.stop,
        )

    @cached_property
    def scanner(self) -> Scanner:
        """The way from raw/ to scanned/."""
        from videogen import cage
        from videogen.ffmpeg import FFmpeg
        from videogen.scan import Arrivals, Intake, Journal, LoudnessRule, Scanner

        scan, audio = self.settings.scan, self.settings.audio
        rule = LoudnessRule(audio.music_lufs, audio.peak_dbtp, audio.tolerance_lu)
        intake = Intake(
            self.root,
            self.catalog,
            self.prober,
            FFmpeg(self.toolchain.program, cage.Limits(walls=self._walls)),
            rule,
            room_of=self.spool.room_of,
            stop=self.stop,
        )
        raw, watch, hands = self.root / "raw", self.watch, scan.hands or os.cpu_count() or 1
        arrivals = Arrivals(raw, scan.quiet_s, hints=watch.hints, is_deaf=watch.is_deaf)
        journal, wake = Journal(self.root), watch.hints.wake
        return Scanner(raw, arrivals, intake, self.stop, journal=journal, wake=wake, hands=hands)

    @cached_property
    def jobs(self) -> Jobs:
        """The way from a dropped folder to a task."""
        from videogen.cutting import Cutting
        from videogen.jobs import Jobs, Orders, Patience, Taker

        scan, assemble = self.settings.scan, self.settings.assemble
        cutting = Cutting(self.prober, lambda: (self.root, self.catalog), self._rules)  # main keeps the index loaded
        orders = Orders(assemble.priority, assemble.tags)
        patience = Patience(scan.quiet_s, scan.folder_wait_s, assemble.settle_s)
        return Jobs(Taker(self.spool, self.catalog, cutting, orders, self.stop), patience, wake=self.watch.hints.wake)

    @cached_property
    def assembler(self) -> Assembler:
        """The way from scanned/ to tasks/. Raises: ConfigError: a logo is no PNG."""
        from videogen.assemble import Assembler, story_rules

        story, assemble, render = self.settings.story, self.settings.assemble, self.settings.render
        rule, own = story_rules(self.root, dict(story) | dict(assemble) | dict(render), story.category)
        return Assembler(self.spool, self.catalog, rule, own=own, stop=self.stop)

    @cached_property
    def explainer(self) -> Explainer:
        """What is known of anything in this root."""
        from videogen.why import Explainer

        return Explainer(self.spool, quiet_s=self.settings.scan.quiet_s, category_rule=self.settings.assemble.category)

    @cached_property
    def limits(self) -> Limits:
        """What a video may be to be published."""
        from videogen.model.quality import Limits

        return Limits.model_validate(self.settings.gate.model_dump())

    @cached_property
    def bench(self) -> Bench:
        """How this machine encodes. Raises: ToolchainError: the encoder asked for does not work here."""
        from videogen import tune
        from videogen.render import Bench

        render, (encoder, device) = self.settings.render, self._device
        return Bench(
            program=self.toolchain.program,
            toolchain=self.toolchain.version,
            encoder=encoder,
            device=device,
            audio_kbps=render.audio_kbps,
            stall_s=render.stall_s,
            wall_s=render.wall_s,
            memory_bytes=int(render.memory_gb * GIB) or None,
            segment_s=Fraction(str(self.settings.segments.seconds)),
            walls=self._walls,
            limits=self.limits,
            encodes=self.settings.node.encodes or tune.kept(self.root, self.node_name()),
        )

    @cached_property
    def segments(self) -> Segments:
        """The store of encoded pieces, shared by all nodes of the tree."""
        from videogen.segments import Segments

        return Segments(self.root / "scanned" / ".segments", max_bytes=int(self.settings.segments.max_gb * 1e9))

    def node_name(self, given: str = "") -> str:
        """Give the node's name: the one given, else the setting, else the host's. Raises: ConfigError: not a name."""
        from videogen.spool import NODE_NAME

        name = given or self.settings.node.name or self._host
        if not NODE_NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} is not a node's name", remedy="Use 1 to 40 letters, digits, underscores and dashes."
            )
        return name

    def queue(self, name: str) -> Queue:
        """The tasks that wait, as a node of that name sees them."""
        from videogen.spool.queue import Queue

        return Queue(self.spool.tasks, node=name, tags=frozenset(self.settings.node.tags))

    def node(self, name: str, incarnation: str, queue: Queue, meter: Meter) -> Node:
        """A render node of that name, in that life."""
        from videogen import tune
        from videogen.render import Node, Setup

        settings = self.settings.node
        encodes = settings.encodes or tune.kept(self.root, name) or self.bench.encodes
        setup = Setup(
            name=name,
            incarnation=incarnation,
            bench=replace(self.bench, encodes=encodes),
            way=settings.fetch,
            scratch=self.root / settings.scratch if settings.scratch else None,
            retry_s=settings.retry_s,
            pictures=self.settings.render.pictures,
        )
        return Node(self.spool, self.segments, queue, setup, meter)

    def warmer(self, name: str) -> Warmer:
        """Idle time well spent; `name` is this process's alone."""
        from videogen.assemble import check_logo
        from videogen.edit import LOGO_XY
        from videogen.model.timeline import ImageOverlay
        from videogen.render import House as Style
        from videogen.render import Warmer

        logo = self.root / self.settings.render.logo
        overlay = None
        if logo.is_file():
            check_logo(logo)
            overlay = ImageOverlay(asset=durable.digest(logo), x=LOGO_XY[0], y=LOGO_XY[1], at=Range(start=0, end=1))
        style = Style(canvas=self.canvas, logo=overlay, logo_file=logo if overlay else None)
        scratch = self.root / "processing" / f".warm.{name}"
        return Warmer(self.root, self.segments, self.bench, style, scratch)

    @cached_property
    def _rules(self) -> Rules:
        import psutil

        from videogen.assemble import Rule
        from videogen.beats import beats_of
        from videogen.catalog import Looks
        from videogen.cutting import Rules

        return Rules(
            self.settings.longest_s,
            self.settings.presets,
            Rule(self.settings.assemble.cooldown, self.settings.assemble.cooldown_of),
            beats_of=lambda path, media: beats_of(path, media, self.stop),
            memory_mb=lambda: psutil.virtual_memory().available >> 20,
            looks=Looks(self.root) if (self.root / "scanned").is_dir() else None,
            stop=self.stop,
        )

    @cached_property
    def desk(self) -> Desk:
        """Work asked for by hand; it shares the segments of a root that is a spool."""
        from videogen.cutting import Cutting
        from videogen.desk import Desk

        def library() -> tuple[Path, Catalog]:
            self.catalog.load()
            return self.root, self.catalog

        cutting = Cutting(self.prober, library, self._rules)
        store = self.segments if (self.root / "scanned").is_dir() else None
        return Desk(self.bench, self.prober, cutting, store, self.stop)

    @property
    def patient(self) -> Patient:
        """What doctor looks at."""
        from videogen import tune
        from videogen.doctor import Patient

        node, rows = self.settings.node, config.rows(self.settings)
        return Patient(
            spool=self.spool,
            toolchain=lambda: self.toolchain,
            wanted_encoder=self.settings.render.encoder,
            encodes=node.encodes or tune.kept(self.root, self.node_name()) or os.cpu_count() or 1,
            frame_px=self.canvas.width * self.canvas.height,
            drain_s=node.drain_s,
            scratch=self.root / node.scratch if node.scratch else None,
            changed=sum(row["value"] != row["default"] for row in rows),
        )

    @cached_property
    def drafts(self) -> Drafts:
        """Quick looks at what a task or a timeline will show."""
        from videogen.draft import Drafts

        return Drafts(self.spool, self.bench, self.desk, self.root / self.settings.render.logo, self.stop)

    @cached_property
    def crawler(self) -> Crawler:
        """The way from links to text."""
        from videogen.catalog import side_path
        from videogen.crawl.crawl import Crawler
        from videogen.crawl.line import FetchRules
        from videogen.trash import Trash

        crawl = self.settings.crawl
        rules = FetchRules(
            allowed_hosts=crawl.allowed_hosts,
            wall_s=crawl.wall_s,
            ca_file=crawl.ca_file and str(self.root / crawl.ca_file),
            is_robots_asked=crawl.robots,
        )

        def refuse(link: Path, error: VideogenError) -> None:
            Trash(self.root).refuse(link, error, stage="crawl")
            durable.remove(side_path(link))

        return Crawler(self.root, rules, refuse=refuse, max_words=crawl.max_words, stop=self.stop)

    def log_file(self, process: str) -> Path:
        """Name the log of one process: `main`, `crawl`, `node-<name>`."""
        return self.root / self.settings.log.dir / f"{process}.log"
