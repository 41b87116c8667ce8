"""A node's paper, filled in from what the node is doing now."""

import os
import socket

from videogen import __version__, census, durable
from videogen.metrics import Meter
from videogen.model.node import NodePaper
from videogen.render import Pipeline
from videogen.wiring import House


class Describing:
    """Who a node is and what it does."""

    def __init__(self, house: House, name: str, incarnation: str, pipeline: Pipeline, meter: Meter) -> None:
        self._root = house.root
        self._pipeline = pipeline
        self._meter = meter
        settings = house.settings.node
        self._same = NodePaper(
            node=name,
            incarnation=incarnation,
            host=socket.gethostname(),
            boot_id=durable.boot_id(),
            pid=os.getpid(),
            version=__version__,
            encoder=house.bench.encoder.name,
            tags=settings.tags,
            heartbeat_s=settings.heartbeat_s,
            lease_s=settings.lease_s,
        )

    def paper(self) -> NodePaper:
        """Give the paper as it is now."""
        task, frame, frames = self._pipeline.progress
        counts = self._pipeline.counts
        return self._same.model_copy(
            update={
                **census.machine(self._root),
                "state": self._pipeline.state,
                "task": task,
                "frame": frame,
                "frames": frames,
                "render_s": round(self._pipeline.rendering_s, 1),
                "held": tuple(sorted(self._pipeline.held)),
                "figures": self._meter.figures(),
                "published": counts["published"],
                "failed": counts["failed"],
                "released": counts["released"],
            }
        )
