"""`chatbot up`: everything that an instance needs, from nothing to a served address."""

import importlib.util

import click
from sqlalchemy import select

from chatbot.cli.context import Context, pass_context, remark, warn
from chatbot.cli.faq import import_path
from chatbot.cli.jobs import ensure_model, request_job
from chatbot.cli.keys import make_first_keys
from chatbot.cli.sites import make_first_site
from chatbot.cli.users import FIRST, make_first_user
from chatbot.errors import ChatbotError
from chatbot.programs import ROOT, list_programs, prepare_store_folders
from chatbot.services import jobs
from chatbot.storage.tables import Intent
from chatbot.supervise import Supervisor, choose_port, locked

SHIPPED_FAQ = ROOT / "faq_data"


@click.command()
@click.option("--host", help="Address to listen on. [default: CHATBOT_HOST, else 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port; 0 finds a free one. [default: CHATBOT_PORT, else 8000]",
)
@click.option(
    "--web-only", is_flag=True, help="No worker and no scheduler here: another host learns."
)
@pass_context
def up(context: Context, host: str | None, port: int | None, web_only: bool) -> None:
    """Start everything and keep it running until Ctrl-C.

    The first start imports faq_data/, makes API keys, an admin, a site key for the demo page and
    the first model, and trains on the FAQ.
    """
    context.override("host", host)
    context.override("port", port)
    settings = context.settings
    with locked(settings.data_dir):
        context.override("port", choose_port(settings.host, settings.port))
        learns = not web_only and _can_learn()
        programs = list_programs(context.settings, learns)
        if not settings.redis_url:
            prepare_store_folders(context.settings)
        _import_shipped_faq(context)
        _show_keys(make_first_keys(context))
        _show_first_user(make_first_user(context))
        make_first_site(context)
        has_model = _make_first_model(context, learns)
        context.close()  # no connection may be shared with children
        supervisor = Supervisor(context.settings, programs, context.environment)
        supervisor.run(
            on_ready=lambda: _greet(context),
            say=remark,
            ready_path="/readyz" if has_model else "/healthz",
        )
    remark("Stopped.")


def _can_learn() -> bool:
    if importlib.util.find_spec("celery") and importlib.util.find_spec("workers"):
        return True
    remark("The trainer is not installed (`make init` brings it): this host only answers.")
    return False


def _make_first_model(context: Context, learns: bool) -> bool:
    """Whether there is a model; without one, everything else is served all the same."""
    try:
        if ensure_model(context) and learns:
            request_job(context, jobs.Kind.TRAIN)
            remark("The first training on the FAQ follows in the background: chatbot models")
    except ChatbotError as error:
        warn(f"{error}")
        remark(
            "Starting without a model: the console works, questions are answered with 503 until "
            + (
                "the worker has made one; it tries again in some minutes."
                if learns
                else "there is one."
            )
        )
        return False
    return True


def _import_shipped_faq(context: Context) -> None:
    with context.parts.database.read() as session:
        if session.scalar(select(Intent.id).limit(1)) is not None:
            return
    if not (SHIPPED_FAQ / "intents").is_dir():
        remark("The FAQ is empty: fill it with `chatbot import`.")
        return
    done = import_path(context, SHIPPED_FAQ)
    remark(f"Imported {done.intents_added} intents from {SHIPPED_FAQ}.")


def _show_keys(made: dict[str, str]) -> None:
    """At once: whatever fails later, nobody is left with keys that were never seen."""
    if made:
        click.echo("API keys. They are stored hashed, so this is the only time to see them:")
        for scope, secret in made.items():
            click.echo(f"  {scope.upper()}_KEY={secret}")


def _show_first_user(password: str | None) -> None:
    if password:
        click.echo("The console's first admin. Also shown only now; change it under People:")
        click.echo(f"  {FIRST}  {password}")


def _greet(context: Context) -> None:
    settings = context.settings
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    lines = [
        f"Ready: {address}",
        f"  Demo      {address}/demo",
        f"  Console   {address}/console/",
        f"  API docs  {address}/docs",
        f"  Logs      {settings.data_dir / 'logs'}",
        "",
        "More API keys: chatbot key create NAME --scope ask|agent|editor|admin",
        "",
        "Ask:",
        f"  curl -s {address}/ask -H 'Content-Type: application/json' \\",
        '    -H "Authorization: Bearer $ASK_KEY" \\',
        """    -d '{"text": "how do I reset my password?"}'""",
    ]
    click.echo("\n".join(lines))
