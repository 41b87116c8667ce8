"""Write README's table of settings from the settings themselves: `python -m tests.docs.settings_table`."""

import json
from pathlib import Path

from videogen.config import Settings, rows

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- settings -->\n", "<!-- /settings -->"


def table() -> str:
    """Give the table, one line per setting."""
    lines = ["| setting | default | unit and reason |", "|---|---|---|"]
    for row in rows(Settings.model_construct()):
        lines.append(f"| `{row['name']}` | `{json.dumps(row['default'], ensure_ascii=False)}` | {row['about']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Put the table between its marks."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    README.write_text(before + BEGIN + table() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
