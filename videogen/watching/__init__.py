"""What `top` sees: a spool looked at again and again, at a cost that does not grow with what lies in it.

Problem: a look may come every second, and a room may hold a hundred thousand things. So nothing is listed at each look:
  a folder whose mtime is what it was       is not listed again; its count is what it was
  a folder that changed                     is counted in slices, a few milliseconds of each look, and then is left
                                            alone for REST times as long as the count took
  a paper, a text for a scraper             is read again when its stamp is another
  a log                                     is read from where the last look ended
A count that goes on is told as what it was, or, the first time, as how far it has come. An mtime is compared for
change, never with a clock: what was listed within GRAIN_S of seeing the mtime change is listed once more.

Reads: names and stamps of all rooms, papers of nodes, logs. Writes: nothing.
Known limits: a node's beat is its paper's time stamp against this machine's clock, good enough for people.
"""

from videogen.watching.counting import Count
from videogen.watching.nodes import NodeSight
from videogen.watching.sight import Sight, Watcher
from videogen.watching.tail import Event

__all__ = ["Count", "Event", "NodeSight", "Sight", "Watcher"]
