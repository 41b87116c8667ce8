"""Which clips look alike: fingerprints compared in buckets, never each with each.

A fingerprint is 8 x 64 bits. Two stretches of 16 bits of each word make a bucket each: where 3 bits of each word are
flipped at random, near twins miss each other in all 16 buckets 5 times in 100,000 (0.29^8), with 6 bits, the most that
was seen of an encode of the same clip, 6 times in 100 (0.70^8).
"""

from videogen.model.fingerprint import NEAR_BITS, distance

WORDS = 8
FLAT = {0, 0xFFFF}
"""What a black or plain picture has: all such would meet in one bucket."""


def buckets(fingerprint: str) -> tuple[int, ...]:
    """Give the buckets of a fingerprint; none where it is unknown, or is no fingerprint."""
    bits = bits_of(fingerprint)
    if bits is None:
        return ()
    found = []
    for word in range(WORDS):
        for place in (word % 4, (word + 1) % 4):
            stretch = bits >> (64 * word + 16 * place) & 0xFFFF
            if stretch not in FLAT:
                found.append(word << 18 | place << 16 | stretch)
    return tuple(found)


def are_near(one: str, other: str) -> bool:
    """Whether two clips look alike; unknown fingerprints are like nothing."""
    return bits_of(one) is not None and bits_of(other) is not None and distance(one, other) <= NEAR_BITS


def bits_of(fingerprint: str) -> int | None:
    """Read a fingerprint as one number, or None."""
    if len(fingerprint) != WORDS * 16:
        return None
    try:
        return int(fingerprint, 16)
    except ValueError:
        return None
