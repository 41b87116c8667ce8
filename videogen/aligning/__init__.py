"""When the words of a known text are spoken in a voice: captions that nobody had to time.

Reads: one open file of sound, in a child behind walls that can open nothing and reach nobody; the English model that
comes with pocketsphinx. Writes: nothing.
Promises after a crash: the child dies with its parent and leaves nothing behind.
Fails with: nothing: where the text does not fit the voice, or pocketsphinx is not there, the answer says so.
Known limits: English, and voices of up to ten minutes. Numbers of three digits and more are not listened for; they are
shown with the words beside them.
"""

from videogen.aligning.cues import Cue
from videogen.aligning.hearing import Aligned, aligned

__all__ = ["Aligned", "Cue", "aligned"]
