"""How alike two clips look, by the fingerprints in their side files: a re-encode stays near, another clip is far.

A fingerprint is FRAMES hashes of 64 bits in hexadecimal, one of each of so many pictures spread over the clip, turned
as a player shows them. Bars, crops, overlays and another cut are other pictures: they are not recognised.
"""

FRAMES = 8
BITS = 64 * FRAMES
NEAR_BITS = 96
"""At most so many of 512 bits differ between two encodes of one clip.

Source: tests/probe/test_fingerprint.py counts re-encodes and pairs of different clips of real media.
"""


def distance(one: str, other: str) -> int:
    """Give how many bits two fingerprints differ in; all of them where one was not measured.

    Units: bits, 0 to BITS.
    """
    if not one or len(one) != len(other):
        return BITS
    return (int(one, 16) ^ int(other, 16)).bit_count()
