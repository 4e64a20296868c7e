"""The same use cases from a shell: one file for each group of commands.

Every command works on a fresh data folder and without a running server. Data goes to stdout,
progress and remarks to stderr; an error is one line and exit code 1, wrong usage is exit code 2.
"""

from pathlib import Path
from typing import Any

import click

from chatbot.cli import (
    ask,
    chatwoot,
    demo,
    doctor,
    faq,
    intents,
    keys,
    models,
    pairs,
    pins,
    quarantine,
    questions,
    ready,
    sites,
    thresholds,
    up,
    users,
    watch,
    webhooks,
)
from chatbot.cli.context import Context
from chatbot.errors import ChatbotError


class _Commands(click.Group):
    """Turns the errors that are raised on purpose into one red line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ChatbotError as error:
            click.secho(f"Error: {error}", fg="red", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that holds all state of this instance. [default: CHATBOT_DATA_DIR, else var]",
)
@click.version_option(package_name="helpdesk-chatbot")
@click.pass_context
def main(ctx: click.Context, data_dir: Path | None) -> None:
    """A helpdesk chatbot that learns by night from what agents confirm."""
    ctx.obj = Context({} if data_dir is None else {"data_dir": str(data_dir)})
    ctx.call_on_close(ctx.obj.close)


for command in (
    up.up,
    faq.import_files,
    faq.export_files,
    faq.undo,
    demo.demo,
    intents.intents,
    questions.questions,
    ready.ready,
    pins.pin,
    pairs.pairs,
    ask.ask,
    ask.queries,
    ask.confirm,
    models.retrain,
    models.evaluate,
    models.list_models,
    models.report,
    models.promote,
    models.rollback,
    watch.watch,
    thresholds.thresholds,
    quarantine.quarantine,
    keys.key,
    sites.site,
    users.user,
    webhooks.webhook,
    chatwoot.chatwoot,
    doctor.doctor,
    doctor.settings,
):
    main.add_command(command)
