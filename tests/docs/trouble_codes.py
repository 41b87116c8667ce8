"""Fill the lists of codes of docs/troubleshooting.md from the table of codes: `python -m tests.docs.trouble_codes`."""

import re
from pathlib import Path
from textwrap import fill

from videogen.verdicts import RULINGS, Ruling

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
LIST = re.compile(r"(<!-- codes ([a-z ]+) -->\n).*?(<!-- /codes -->)", re.DOTALL)


def filled(text: str) -> str:
    """Give a page with each list of codes as the table has them."""
    return LIST.sub(lambda found: found[1] + _listed(found[2].split()) + found[3], text)


def _listed(families: list[str]) -> str:
    """List the codes that one of these families may meet, those of the first family first."""
    rows: dict[str, Ruling] = {}
    for family in families:
        rows |= {one.code: one for one in RULINGS.values() if _is_of(one, family) and one.code not in rows}
    return fill(", ".join(f"`{code}`" for code in rows), 120, break_on_hyphens=False, break_long_words=False) + "\n"


def _is_of(ruling: Ruling, family: str) -> bool:
    return ruling.passes if family == "passes" else family in ruling.families and not ruling.passes


def main() -> None:
    """Fill the page."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
