"""What is told of a render that goes on: frame, frames a second, size and time left (E4, B6)."""

from dataclasses import replace
from threading import Event

import pytest
from structlog.testing import capture_logs

from tests.plan.made import plan_of_frames
from videogen import progress
from videogen.ffmpeg import Progress
