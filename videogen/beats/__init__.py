"""Where the beats of a sound are, so that pictures can be cut on them.

Reads: one open file of sound, in a child behind walls that can open nothing and reach nobody.
Writes: nothing.
Promises after a crash: the child dies with its parent and leaves nothing behind.
Fails with: nothing: where there are no beats, or no librosa, the answer says why.
Known limits: tempos of 60 to 180 BPM, and the first half hour of a sound. A tempo that changes for good is followed by
librosa's tracker alone, which is the weaker half.
"""

from videogen.beats.hearing import beats_of

__all__ = ["beats_of"]
