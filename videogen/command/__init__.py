"""One FFmpeg run as a frozen value: audio, video, mixing or subtitle, all with one face; and what a source is cut into.

Reads: the inputs a command names, each as a file of this disk. Writes: its output, and FFmpeg's words into a log.
Promises: after a crash at any line the output is whole or as it was before; what is left over has a dot name. No text
    of a user's stands in a filter graph, no name is taken for an option or a protocol.
Fails with: RecipeError: a command that cannot be right, at once when it is made. MissingInput, MediaError: when it is
    run. Else what FFmpeg.run raises.
Known limits: H.264 and H.265 in 4:2:0 with 8 bits; a sound is read from its beginning, whatever stretch is wanted.
"""

from videogen.command.audio import AudioCommand
from videogen.command.chunks import Chunk
from videogen.command.command import BuiltCommand, Command, CommandType, Priority
from videogen.command.filter import Filter
from videogen.command.mixing import MixingCommand
from videogen.command.subtitle import SubtitleCommand
from videogen.command.video import VideoCommand

__all__ = [
    "AudioCommand",
    "BuiltCommand",
    "Chunk",
    "Command",
    "CommandType",
    "Filter",
    "MixingCommand",
    "Priority",
    "SubtitleCommand",
    "VideoCommand",
]
