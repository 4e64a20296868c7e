"""`chatbot doctor` and `chatbot settings`: what is configured, and what is broken."""

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table
from chatbot.services.monitoring.checks.check import Finding, run
from chatbot.services.monitoring.checks.every import EVERY
from chatbot.services.releases.open_models import StoredModels
from chatbot.settings import PREFIX, Settings, without_password
from chatbot.storage.database import Database
from chatbot.storage.nudge import Nudge


class _Opened:
    """The instance that the command is about, opened part by part: a broken one is a finding."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def settings(self) -> Settings:
        return self._context.settings

    @property
    def database(self) -> Database:
        return self._context.parts.database

    @property
    def nudge(self) -> Nudge:
        return self._context.parts.nudge

    @property
    def models(self) -> StoredModels:
        return self._context.parts.models


@click.command()
@as_json
@pass_context
def doctor(context: Context, as_json: bool) -> None:
    """Check everything that an instance needs; exit code 1 if something needed is broken."""
    findings = run(EVERY, _Opened(context))
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(_line(finding))
    if any(finding.needed and not finding.ok for finding in findings):
        raise click.exceptions.Exit(1)


def _line(finding: Finding) -> str:
    mark, colour = _mark(finding)
    line = f"{click.style(mark, fg=colour)} {finding.name}: {finding.detail}"
    return line if finding.ok or not finding.advice else f"{line}\n    {finding.advice}"


def _mark(finding: Finding) -> tuple[str, str]:
    """Return sign and colour."""
    if finding.too_early:
        return "·", "white"
    if finding.ok:
        return "✓", "green"
    return ("✗", "red") if finding.needed else ("–", "yellow")


@click.command()
@as_json
@pass_context
def settings(context: Context, as_json: bool) -> None:
    """Show every setting, its value and its meaning; passwords in URLs are hidden."""
    values = context.settings.model_dump(mode="json")
    shown = {
        name: without_password(value) if "url" in name else value for name, value in values.items()
    }
    if as_json:
        print_json(shown)
        return
    fields = Settings.model_fields
    print_table(
        "variable",
        "value",
        "",
        "meaning",
        rows=[
            (
                PREFIX + name.upper(),
                value,
                "set" if name in context.settings.model_fields_set else "",
                fields[name].description,
            )
            for name, value in shown.items()
        ],
    )
