"""Whatever is written in two places must agree: settings and docs, tables and migrations, …"""

import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import click
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from chatbot import cli
from chatbot.cli import main
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import FORMATS, read_path
from chatbot.services.monitoring import checks
from chatbot.services.monitoring.checks.every import EVERY
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.migrate import alembic_config, migrate, newest_revision

ROOT = Path(__file__).parents[1]
BINARY = {".png", ".gif", ".ico", ".woff2", ".jpg"}


def test_every_setting_is_in_the_operations_page_with_its_default() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `CHATBOT_(\w+)` \| (.*?) \|", page, re.MULTILINE))
    wanted = {
        name.upper(): f"`{field.default}`" if str(field.default) else "–"
        for name, field in Settings.model_fields.items()
    }
    assert table == wanted


def test_the_operations_page_names_no_unknown_setting() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"CHATBOT_([A-Z_]+[A-Z])", page))
    known = {name.upper() for name in Settings.model_fields}
    assert {name.removesuffix("_FILE") for name in named} <= known | {"X"}


def test_the_formats_page_lists_every_format_in_its_order() -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \| (yes|–) \|$", page, re.MULTILINE)
    assert rows == [(f.name, f.title, "yes" if f.write else "–") for f in FORMATS]


def test_there_is_one_newest_migration(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/chatbot.db")
    scripts = ScriptDirectory.from_config(alembic_config(database))
    assert scripts.get_heads() == [newest_revision()]


def test_migrations_are_numbered_in_their_order(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/chatbot.db")
    scripts = ScriptDirectory.from_config(alembic_config(database))
    numbers = [script.revision for script in scripts.walk_revisions()]
    assert numbers == [f"{n:04}" for n in range(len(numbers), 0, -1)]


def test_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/chatbot.db")
    migrate(database)
    command.check(alembic_config(database))
    database.close()


def test_every_command_says_what_it_does() -> None:
    for path, each in _commands("chatbot", main):
        assert each.help, f"{path} has no help"
        assert each.get_short_help_str(200).strip(), path


def test_every_command_that_is_written_and_every_check_is_reached() -> None:
    """A command needs its line in `chatbot/cli/__init__.py`, a check its line in `every.py`."""
    reached = {id(each) for _, each in _commands("chatbot", main)}
    names = [m.name for m in iter_modules(cli.__path__) if m.name != "__main__"]
    modules = [import_module(f"{cli.__name__}.{name}") for name in names]
    written = [
        each for m in modules for each in vars(m).values() if isinstance(each, click.Command)
    ]
    assert len(written) > 60
    assert [each.name for each in written if id(each) not in reached] == []
    modules = [import_module(f"{checks.__name__}.{m.name}") for m in iter_modules(checks.__path__)]
    named = {name: each for m in modules for name, each in vars(m).items() if callable(each)}
    assert {each for name, each in named.items() if name.startswith("check_")} == set(EVERY)


def test_every_scheduled_task_exists() -> None:
    tasks = pytest.importorskip("workers.tasks", exc_type=ImportError)
    from workers.app import app
    from workers.schedule import beat_schedule

    assert tasks is not None
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in beat_schedule(Settings()).values()}
    assert scheduled
    assert scheduled <= app.tasks.keys()


def test_every_routed_task_exists_and_its_queue_has_a_worker() -> None:
    pytest.importorskip("celery", exc_type=ImportError)
    from chatbot.programs import list_programs
    from workers.app import app

    app.loader.import_default_modules()
    routes = app.conf.task_routes
    assert routes.keys() <= app.tasks.keys()
    workers = [p.command for p in list_programs(Settings()) if "-Q" in p.command]
    served = {queue for c in workers for queue in c[c.index("-Q") + 1].split(",")}
    assert {app.conf.task_default_queue, *(route["queue"] for route in routes.values())} <= served


def test_every_program_has_its_place_in_the_order_of_starting() -> None:
    from chatbot.programs import list_programs
    from chatbot.supervise import START_ORDER

    assert sorted(START_ORDER) == sorted(p.name for p in list_programs(Settings()))


def test_every_decision_is_in_the_index_with_its_title_and_a_status() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d{4})\]\((.+?)\) \| .+? \| (.+?) \| (.+?) \|$", index, re.MULTILINE)
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("0*.md")}
    titles = {name: text.splitlines()[0] for name, text in files.items()}
    assert {name: f"# {number} {title}" for number, name, title, _ in rows} == titles
    assert [number for number, *_ in rows] == [f"{n:04}" for n in range(1, len(files) + 1)]
    for _, _, title, status in rows:
        named = re.findall(r"\]\((.+?)\)", status)
        assert status == "in force" or re.match(r"(amended|superseded) by \[", status), title
        assert set(named) <= files.keys(), title


def test_the_newest_release_of_the_changelog_is_the_version_of_the_package() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    package = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    unreleased, newest, *_ = re.findall(r"^## (\S+)", changes, re.MULTILINE)
    assert unreleased == "Unreleased"
    assert re.findall(r"^version = (.+)$", package, re.MULTILINE) == [newest]


class TestShippedFaq:
    def test_is_large_enough_to_learn_from_and_to_measure(self, shipped: CatalogueDraft) -> None:
        assert len(shipped.intents) >= 60
        for intent in shipped.intents.values():
            assert len(intent.utterances) >= 15, intent.name
            assert len(intent.held_out) >= 6, intent.name
        assert len(shipped.out_of_scope) >= 200

    def test_every_intent_has_title_topic_and_answer(self, shipped: CatalogueDraft) -> None:
        assert all(i.title and i.topic and i.answer for i in shipped.intents.values())


def test_no_file_names_a_private_path_or_a_key() -> None:
    private = re.compile(r"/(?:home|Users|root|work)/\w|cb_[0-9a-f]{8}_[\w-]{43}")
    for path in _published_files():
        if path.suffix not in BINARY:
            found = private.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{path.relative_to(ROOT)}: {found}"


def _commands(path: str, each: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, each
    if isinstance(each, click.Group):
        for name, child in each.commands.items():
            yield from _commands(f"{path} {name}", child)


def _published_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in files if path.is_file() and path != Path(__file__)]


@pytest.fixture(scope="module")
def shipped() -> CatalogueDraft:
    return read_path(ROOT / "faq_data")
