"""The corpus: every bad input there is, in groups that each go through a spool of their own.

`python -m tests.corpus.table` prints it: id, group, what, verdict and code, notes. F are files, M sounds, L lists of
links, N names; letters behind a number are further cases of the same. Tasks (J) have a table of their own.
"""

from tests.corpus import links, looks, names, shapes, sounds, strangers
from tests.corpus.item import Item

GROUPS: dict[str, tuple[Item, ...]] = {
    "shapes": shapes.ROWS,
    "looks": looks.ROWS,
    "strangers": strangers.ROWS,
    "sounds": sounds.ROWS,
    "names and links": names.ROWS + links.ROWS,
}
ITEMS = {item.id: (group, item) for group, items in GROUPS.items() for item in items}


def main() -> None:
    """Print the table."""
    for group, item in ITEMS.values():
        verdict = f"{item.verdict} {item.code}".strip()
        print(" | ".join((item.id, group, item.what, verdict, item.notes)).rstrip(" |"))


if __name__ == "__main__":
    main()
