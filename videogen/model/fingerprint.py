"""How alike two clips look, by the fingerprints in their side files: a re-encode stays near, another clip is far.

A fingerprint is FRAMES hashes of 64 bits in hexadecimal, one of each of so many pictures spread over the clip, turned
as a player shows them. Bars, crops, overlays and another cut are other pictures: they are not recognised.
"""

FRAMES = 8
BITS = 64 * FRAMES
NEAR_BITS = 96
"""At most so many of 512 bits differ between two encodes of one clip.

Source: of 13 real clips, 97 re-encodes in other sizes, rates, codecs and containers differed in 48 bits at most, all
78 pairs of different clips in 200 at least; tests/probe/test_fingerprint.py counts some of them.
"""


def distance(one: str, other: str) -> int:
    """Give how many bits two fingerprints differ in; all of them where one was not measured.

    Units: bits, 0 to BITS.
    """
    if not one or len(one) != len(other):
        return BITS
    return (int(one, 16) ^ int(other, 16)).bit_count()
