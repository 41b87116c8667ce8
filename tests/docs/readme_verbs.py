"""Write README's table of verbs from the table of groups: `python -m tests.docs.readme_verbs`."""

from pathlib import Path

from videogen.cli import program
from videogen.cli.verbs import GROUPS

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- verbs -->\n", "<!-- /verbs -->"


def table() -> str:
    """Give the table, one line for each group."""
    there = program().commands
    lines = ["| group | verbs |", "|---|---|"]
    for group in GROUPS:
        names = ", ".join(f"`{verb}`" for verb, _ in group.verbs if verb in there)
        lines.append(f"| {group.name}: {group.title} | {names} |")
    return "\n".join(lines) + "\n"


def filled(text: str) -> str:
    """Give README with the table between its marks."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def main() -> None:
    """Write it."""
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
