"""`python -m videogen.cli`: how a role starts the roles below it."""

from videogen.cli import run

run()
