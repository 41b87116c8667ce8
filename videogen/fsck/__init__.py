"""The check of a whole spool, and the repair of what can be repaired without a person.

Reads: every room. Writes: only `repair`, which gives back claims of the dead and takes away what was left half done.
Known limits: a video that is rendered while its library is changed by hand is told of only when it is done.
"""

from videogen.fsck.examining import TEMPORARY_ROOMS, TOKEN, TRASH, examine, repair, tokens
from videogen.fsck.finding import Finding

__all__ = ["TEMPORARY_ROOMS", "TOKEN", "TRASH", "Finding", "examine", "repair", "tokens"]
