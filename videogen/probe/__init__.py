"""Looking into a file from a safe distance: a child does it, and only its words come back.

Reads: open files, in a child with limits on memory, time and descriptors, that can open nothing and reach nobody.
Writes: nothing.
Promises after a crash: the child dies with its parent and leaves nothing behind.
Fails with: MediaError: what is wrong with the file, or that the child died of it or ran out of time.
Known limits: sound inside clips is not decoded, but that of a source is; a source in Ogg, in a transport stream or
written to a pipe is taken to be as long as what decodes, since nothing in it says how long it was.
"""

from videogen.probe.prober import Prober

__all__ = ["Prober"]
