"""Why a thing is where it is, for anything a person can name: a file of any room, a task, a segment, a bare name.

Reads: every room, side files, papers and reasons; settings through whoever builds the Explainer. Writes: nothing.
Promises: works without main, and with main and nodes at work; what moved meanwhile is found where it went, or is not.
Fails with: nothing of its own; what cannot be read is told as such.
Known limits: what main alone knows (since when a file is quiet by main's own clock) is estimated from the file's times;
the use of a clip is looked for among the newest things of each room only.
"""

from videogen.why.answer import Answer
from videogen.why.asking import Explainer

__all__ = ["Answer", "Explainer"]
