"""The context of every command: the settings, the parts, the actor's name, and how to print."""

import getpass
import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from chatbot.bootstrap import Parts, build
from chatbot.errors import ServiceUnavailable, SettingsError
from chatbot.http.requests import LARGEST_ID
from chatbot.settings import PREFIX, Settings

_PLAIN_WIDTH = 200  # of tables that are read by programs
remarks = Console(stderr=True, highlight=False)


class Context:
    """A context that reads the settings when first needed, so that `--help` works with a broken
    environment.
    """

    def __init__(self, overrides: Mapping[str, str]) -> None:
        self._overrides = dict(overrides)

    def override(self, name: str, value: object) -> None:
        """Let an option win over the environment."""
        if value is not None:
            self._overrides[name] = str(value)
            for derived in ("settings", "environment"):
                self.__dict__.pop(derived, None)

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_env(self._environment())

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment for child processes, which must read the same settings."""
        return self._environment() | {f"{PREFIX}DATA_DIR": str(self.settings.data_dir)}

    @cached_property
    def parts(self) -> Parts:
        try:
            return build(self.settings)
        except SQLAlchemyError as error:
            reason = str(error).splitlines()[0]
            raise ServiceUnavailable(f"The database cannot be used: {reason}") from error
        except OSError as error:
            raise SettingsError(f"The data folder cannot be used: {error}") from error

    @property
    def actor(self) -> str:
        """The name by which the audit trail knows whoever typed the command."""
        try:
            return f"cli:{getpass.getuser()}"
        except (KeyError, OSError):  # a user id without a name, as in many containers
            return f"cli:{os.getuid()}"

    def close(self) -> None:
        if "parts" in self.__dict__:
            self.parts.database.close()

    def _environment(self) -> dict[str, str]:
        given = {f"{PREFIX}{name.upper()}": value for name, value in self._overrides.items()}
        hidden = {f"{name}_FILE" for name in given}
        return {k: v for k, v in os.environ.items() if k not in hidden} | given


ROW = click.IntRange(1, LARGEST_ID)
pass_context = click.make_pass_decorator(Context)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(*columns: str, rows: list[tuple[object, ...]]) -> None:
    """Print a table; its first column is never wrapped, because people copy it."""
    out = Console(highlight=False)
    if not out.is_terminal:
        out = Console(highlight=False, width=_PLAIN_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, title in enumerate(columns):
        table.add_column(title, no_wrap=place == 0)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    out.print(table, markup=False)


def remark(text: str) -> None:
    """Say something beside the data: on stderr."""
    remarks.print(text, markup=False)


def warn(text: str) -> None:
    remarks.print(f"Warning: {text}", style="yellow", markup=False)
