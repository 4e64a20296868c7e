"""`chatbot up`: start everything that an instance needs, from nothing to a served address."""

import importlib.util
import shutil
import sys
from pathlib import Path

import click

from chatbot.cli.context import Context, pass_context, remark, warn
from chatbot.cli.demo import bring_demo
from chatbot.cli.faq import import_path
from chatbot.cli.jobs import ensure_model, request_job
from chatbot.cli.keys import make_first_keys
from chatbot.cli.sites import make_first_site
from chatbot.cli.users import FIRST, make_first_user
from chatbot.errors import ChatbotError
from chatbot.programs import list_programs, prepare_store_folders
from chatbot.services.beginning import demo as shipped
from chatbot.services.learning.stale_calibration import has_intents
from chatbot.services.releases import jobs
from chatbot.supervise import Supervisor, choose_port, locked

_DOORS = ("demo", "own", "empty")


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
@click.option("--demo", is_flag=True, help="If the FAQ is empty, fill it with the demo.")
@click.option(
    "--faq",
    type=click.Path(exists=True, path_type=Path),
    help="If the FAQ is empty, import this file or folder.",
)
@click.option("--empty", is_flag=True, help="Start with an empty FAQ, and ask nothing.")
@pass_context
def up(
    context: Context,
    host: str | None,
    port: int | None,
    web_only: bool,
    demo: bool,
    faq: Path | None,
    empty: bool,
) -> None:
    """Start everything and keep it running until Ctrl-C.

    The first start makes API keys, an admin and a site key for the demo page. While the FAQ is
    empty it asks, in a terminal, what to begin with; the console asks too. With an FAQ, it makes
    the first model and trains on it.
    """
    if demo + empty + (faq is not None) > 1:
        raise click.UsageError("Choose one of --demo, --faq and --empty.")
    context.override("host", host)
    context.override("port", port)
    settings = context.settings
    with locked(settings.data_dir):
        context.override("port", choose_port(settings.host, settings.port))
        learns = not web_only and _can_learn()
        programs = list_programs(context.settings, learns)
        if not settings.redis_url:
            prepare_store_folders(context.settings)
        is_filled = _fill(context, "demo" if demo else "empty" if empty else None, faq)
        _show_keys(make_first_keys(context))
        _show_first_user(make_first_user(context))
        make_first_site(context)
        # Without an FAQ there is nothing to answer with, and the console leads on.
        has_model = is_filled and _make_first_model(context, learns)
        context.close()  # no connection may be shared with children
        supervisor = Supervisor(context.settings, programs, context.environment)
        supervisor.run(
            on_ready=lambda: _greet(context, is_filled),
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
    """Make the first model, and return whether there is one; without it, all else is served all the
    same.
    """
    try:
        if ensure_model(context) and learns:
            request_job(context, jobs.JobKind.TRAIN)
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


def _fill(context: Context, door: str | None, faq: Path | None) -> bool:
    """Import what was chosen, if the FAQ is empty, and return whether it holds
    anything afterwards.
    """
    with context.parts.database.read() as session:
        if has_intents(session):
            if door or faq:
                remark("The FAQ is not empty, so nothing was brought in. `chatbot import` adds.")
            return True
    if door is None and faq is None:
        door, faq = _ask_for_door()
    if door == "demo":
        done = bring_demo(context)
        remark(f"The demo is in: {done.intents_added} intents of an invented company.")
    elif faq is not None:
        done = import_path(context, faq)
        remark(f"Imported {done.intents_added} intents from {faq}.")
    else:
        return False
    return done.changed


def _ask_for_door() -> tuple[str | None, Path | None]:
    """Ask how to begin, but only a person at a terminal; a script or a service starts with an empty
    FAQ.
    """
    if not _is_terminal():
        return None, None
    remark("The FAQ is empty. Begin with")
    remark("  demo    an invented company's FAQ, to see how it works; removed again in one act")
    remark("  own     a CSV or YAML file, or a folder, of yours")
    remark("  empty   nothing: write or paste at the console")
    door = click.prompt("Which", type=click.Choice(_DOORS), default="demo", err=True)
    if door != "own":
        return door, None
    path = click.prompt("File or folder", type=click.Path(exists=True, path_type=Path), err=True)
    return None, path


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _show_keys(made: dict[str, str]) -> None:
    """Show new keys at once: whatever fails later, nobody is left with keys that were
    never seen.
    """
    if made:
        click.echo("API keys. They are stored hashed, so this is the only time to see them:")
        for scope, secret in made.items():
            click.echo(f"  {scope.upper()}_KEY={secret}")


def _show_first_user(password: str | None) -> None:
    if password:
        click.echo("The console's first admin. Also shown only now; change it under People:")
        click.echo(f"  {FIRST}  {password}")


def _greet(context: Context, is_filled: bool) -> None:
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
        *(_how_to_ask(address) if is_filled else _how_to_begin(address)),
    ]
    click.echo("\n".join(lines))


def _how_to_ask(address: str) -> list[str]:
    return [
        "Ask:",
        f"  curl -s {address}/ask -H 'Content-Type: application/json' \\",
        '    -H "Authorization: Bearer $ASK_KEY" \\',
        """    -d '{"text": "how do I reset my password?"}'""",
    ]


def _how_to_begin(address: str) -> list[str]:
    chatbot = "chatbot" if shutil.which("chatbot") else sys.argv[0]
    demo = [f"  {chatbot} demo add      try the demo: an invented company's FAQ"]
    return [
        "The FAQ is empty, so no question is answered yet. Sign in to the console, or, in another",
        "shell, choose how to begin:",
        *(demo if shipped.is_shipped() else []),
        f"  {chatbot} import FILE   bring your own: CSV or YAML, a file or a folder",
        f"  {address}/console/knowledge/new   start empty: write the first answer",
    ]
