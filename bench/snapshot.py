"""Write down what people see of one checkout, a file for each kind, so that two can be compared.

`bench/unchanged.py` runs this file against code that may be months older. So it imports only what
has stayed where it is (application, parts, settings, commands), and fills its instance by commands.
"""

import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from subprocess import run
from typing import Any

import click
import numpy as np
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from chatbot.app import create_app
from chatbot.bootstrap import build
from chatbot.cli import main as commands
from chatbot.settings import Settings

ADMIN, PASSWORD = "ann@example.org", "correct horse battery"
ASKED = "i cannot remember my password"
CONVERSATION = "c-42"
FILLED_BY = (
    ("demo", "add"),
    ("user", "create", "--role", "admin", "--password", PASSWORD, ADMIN),
    ("site", "add", "shop", "--origin", "https://shop.example"),
    ("questions", "add", "what is the weather"),
    ("pin", "add", "reset my password", "reset-password"),
    ("webhook", "create", "https://receiver.example/hook", "--event", "handoff.requested"),
)
NO_PAGES = ("/console/static/", "/demo/", "/docs/", "/metrics", "/openapi.json", "/widget.js")
SAME_EACH_TIME = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z| UTC)?)?", "TIME"),
    (r"\b\d\d:\d\d(:\d\d)?\b", "TIME"),
    (r"\b(\d+|an?) (second|minute|hour)s?\b", "DURATION"),
    (r"\bjust now\b", "DURATION ago"),
    (r"(\"seconds\": )[\d.]+", r"\1DURATION"),
    (r"(\"pid\": |<td>\n\w+:)\d+", r"\1PID"),
    (r"\b\d+(\.\d+)? (GB|GiB|MB|MiB)\b", "SIZE"),
    (r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}", "TOKEN"),
    (r"\b(?=[a-f]*\d)[0-9a-f]{8,}\b", "TOKEN"),
)


def write_snapshot(instance: Path, out: Path) -> None:
    """Make an instance of the demo in `instance` and write what is seen of it to files in `out`."""
    for command in FILLED_BY:
        shell(instance, *command)
    query_id = json.loads(shell(instance, "ask", "--json", ASKED))["query_id"]
    parts = build(Settings.from_env(data_dir=instance, log_level="ERROR"))
    parts.live.refresh()
    app = create_app(parts=parts, follow=False)
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    form = {"email": ADMIN, "password": PASSWORD}
    assert client.post("/console/sign-in", data=form).status_code == 303
    secret = shell(instance, "key", "create", "--scope", "admin", "bench").split()[-1]
    put_and_leave(client, secret)
    shown = {"name": "reset-password", "version_id": 1, "job_id": 1, "handoff_id": 1}
    rules = sorted(app.url_map.iter_rules(), key=str)
    pages = dict(open_all(client, rules, shown | {"query_id": query_id}, secret))
    pages = {name: text.replace(str(instance), "FOLDER") for name, text in pages.items()}
    context = click.Context(commands, info_name="chatbot", **commands.context_settings)
    kinds = {
        "openapi": dict(split_document(client.get("/openapi.json").get_json())),
        "tables": dict(dump_schema(instance / "chatbot.db")),
        "help": dict(list_help(commands, context)),
        "settings": {"settings": "\n".join(list_settings())},
        "artefacts": dict(describe_artefact(instance)),
        "pages": pages,
    }
    for kind, files in kinds.items():
        for name, text in files.items():
            path = out / kind / name.strip("/").replace("/", "_")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.rstrip() + "\n", encoding="utf-8")
    parts.database.close()


def shell(instance: Path, *arguments: str) -> str:
    """Return what a command prints. Raises SystemExit with its error if it fails."""
    command = [sys.executable, "-P", "-m", "chatbot.cli", "--data-dir", str(instance), *arguments]
    done = run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
    return done.stdout


def put_and_leave(client: FlaskClient, secret: str) -> None:
    """Ask as a visitor and leave an address, so that there is a hand-off to be seen."""
    headers = {"Authorization": f"Bearer {secret}"}
    asked = {"text": "my laptop fell into the sea", "conversation_id": CONVERSATION}
    left = {"conversation_id": CONVERSATION, "email": "lena@example.org"}
    assert client.post("/v1/ask", json=asked, headers=headers).status_code == 200
    assert client.post("/v1/handoffs", json=left, headers=headers).status_code == 202


def open_all(
    client: FlaskClient, rules: list[Rule], shown: dict[str, Any], secret: str
) -> Iterator[tuple[str, str]]:
    """Yield path and text of each page and each reply to a GET, for an admin who is signed in."""
    for rule in rules:
        path = str(rule)
        if "GET" not in (rule.methods or ()) or path.startswith(NO_PAGES):
            continue
        for name in rule.arguments:
            path = re.sub(rf"<(\w+:)?{name}>", str(shown[name]), path)
        is_console = path.startswith("/console")
        reply = client.get(
            path, headers={} if is_console else {"Authorization": f"Bearer {secret}"}
        )
        said = (
            as_lines(reply.get_json()) if reply.is_json else as_tags(reply.get_data(as_text=True))
        )
        name = "/".join(re.sub(r"<(?:\w+:)?(\w+)>", r"\1", part) for part in str(rule).split("/"))
        yield name.strip("/") or "index", make_same(f"{reply.status} {reply.mimetype}\n{said}")


def split_document(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each path, each schema and the rest of an OpenAPI document."""
    for path, said in document.pop("paths").items():
        yield f"path {path}", as_lines(said)
    for name, schema in document["components"].pop("schemas").items():
        yield f"schema {name}", as_lines(schema)
    yield "rest", as_lines(document)


def as_tags(html: str) -> str:
    """Return a line for each tag and each text."""
    parts = re.sub(r"(<[^>]*>)", r"\n\1\n", html).splitlines()
    return "\n".join(" ".join(unescape(part).split()) for part in parts if part.strip())


def as_lines(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


def make_same(text: str) -> str:
    """Return `text` with what differs between two runs of the same program named by its kind."""
    for pattern, word in SAME_EACH_TIME:
        text = re.sub(pattern, word, text)
    return text


def dump_schema(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each table with its columns, checks and indexes, sorted: their order means nothing."""
    with sqlite3.connect(path) as database:
        for table, sql in database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql NOT NULL"
        ).fetchall():
            inside = " ".join(sql.split()).split("(", 1)[1].rsplit(")", 1)[0]
            lines = re.split(r", (?![^(]*\))", inside)
            found = database.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type <> 'table'", [table]
            )
            lines += [" ".join(row[0].split()) for row in found if row[0]]
            yield table, "\n".join(sorted(line.strip() for line in lines))


def list_help(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from list_help(inner, click.Context(inner, info_name=name, parent=context))


def list_settings() -> Iterator[str]:
    """Yield name and default of each setting."""
    for name, field in Settings.model_fields.items():
        yield f"{name} = {field.get_default(call_default_factory=True)!r}"


def describe_artefact(instance: Path) -> Iterator[tuple[str, str]]:
    """Yield each file of the one sealed model folder with the form of what it holds."""
    [folder] = (path for path in (instance / "artefacts").iterdir() if path.is_dir())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), describe_file(path)


def describe_file(path: Path) -> str:
    """Return keys of JSON, type and shape of an array; of other files only that they are there."""
    if path.suffix == ".json":
        return "\n".join(sorted(set(list_keys(json.loads(path.read_text(encoding="utf-8"))))))
    if path.suffix == ".npy":
        array = np.load(path, mmap_mode="r")
        return f"{array.dtype} {array.shape}"
    return "there"


def list_keys(value: Any, above: str = "") -> Iterator[str]:
    """Yield each key with those above it; of a list only what its items have, of a vocabulary
    nothing.
    """
    if isinstance(value, dict) and len(value) < 200:
        for key, inner in value.items():
            yield f"{above}.{key}"
            yield from list_keys(inner, f"{above}.{key}")
    elif isinstance(value, list):
        for inner in value[:50]:
            yield from list_keys(inner, f"{above}[]")


if __name__ == "__main__":
    write_snapshot(Path(sys.argv[1]), Path(sys.argv[2]))
