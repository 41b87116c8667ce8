"""Which clips look alike: fingerprints compared in buckets, never each with each.

A fingerprint is 8 x 64 bits. Two clips are near twins where on average few of the 64 bits differ. Two stretches of 16
bits of each word make a bucket each: where 3 bits of each word are flipped at random, near twins miss each other in all
16 buckets 5 times in 100,000 (0.29^8), with 6 bits 6 times in 100 (0.70^8).
"""

WORDS = 8
NEAR_BITS = 6.0
"""Of 64, on average over the words; the same clip encoded again differs by 0 to 3, another by about 32."""
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
    a, b = bits_of(one), bits_of(other)
    return a is not None and b is not None and (a ^ b).bit_count() <= NEAR_BITS * WORDS


def bits_of(fingerprint: str) -> int | None:
    """Read a fingerprint as one number, or None."""
    if len(fingerprint) != WORDS * 16:
        return None
    try:
        return int(fingerprint, 16)
    except ValueError:
        return None
