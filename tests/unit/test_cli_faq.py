"""`chatbot up`'s doors, `demo`, `import`, `undo`, `intents`, `questions`, each through the shell."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

import chatbot.cli.context
import chatbot.cli.up
from chatbot.bootstrap import Parts, build
from chatbot.cli import main
from chatbot.services.beginning import demo
from chatbot.settings import Settings
from chatbot.storage.tables import Intent, TrainingJob, Utterance
from fakes import with_fake_models

Run = Callable[..., Result]
CSV = "text,intent,answer\nno wifi,wifi,Ask.\nVPN drops all the time,wifi,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(
        chatbot.cli.context, "build", lambda settings: with_fake_models(build(settings))
    )

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, ["--data-dir", str(folder), *arguments], input=typed)

    return invoke


@pytest.fixture
def filled(run: Run, folder: Path, template: Path) -> Run:
    """The FAQ of `fakes`, and version 1 live."""
    shutil.copytree(template, folder)
    return run


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "faq.csv"
    path.write_text(CSV)
    return str(path)


def opened(folder: Path) -> Parts:
    return build(Settings(data_dir=folder))


def owners(folder: Path) -> dict[str, str]:
    parts = opened(folder)
    with parts.database.read() as session:
        found = dict(session.execute(select(Utterance.text, Intent.name).join(Intent)).all())
    parts.database.close()
    return found


class TestImport:
    def test_a_dry_run_says_all_and_changes_nothing(
        self, filled: Run, folder: Path, file: str
    ) -> None:
        before = owners(folder)
        result = filled("import", file, "--move-clashes", "--dry-run", "--mode", "replace")
        assert result.exit_code == 0
        assert "4 intents removed" in result.stdout
        assert "- invoice" in result.stderr
        assert "Nothing was changed" in result.stderr
        assert owners(folder) == before

    def test_a_clash_is_refused_kept_or_moved(self, filled: Run, folder: Path, file: str) -> None:
        assert filled("import", file).exit_code == 1
        assert filled("import", file, "--keep-clashes", "--no-calibrate").exit_code == 0
        assert owners(folder)["VPN drops all the time"] == "vpn"
        result = filled("import", file, "--move-clashes", "--no-calibrate", "--json")
        assert json.loads(result.stdout)["utterances_moved"] == 1
        assert owners(folder)["VPN drops all the time"] == "wifi"
        assert filled("import", file, "--move-clashes", "--keep-clashes").exit_code == 2

    def test_the_last_act_is_undone(self, filled: Run, folder: Path, file: str) -> None:
        before = owners(folder)
        filled("import", file, "--mode", "replace", "--no-calibrate")
        assert set(owners(folder).values()) == {"wifi"}
        assert filled("undo").exit_code == 0
        assert owners(folder) == before
        assert filled("undo", "999").exit_code == 1


class TestDemo:
    def test_it_comes_is_described_and_goes(self, filled: Run, folder: Path) -> None:
        before = owners(folder)
        monkey = filled("demo", "add")
        assert "69 intents" in monkey.stdout
        found = json.loads(filled("demo", "remove", "--dry-run", "--json").stdout)
        assert (len(found["intents"]), found["out_of_scope"]) == (69, 297)
        assert filled("demo", "remove", typed="n\n").exit_code == 1
        assert len(owners(folder)) > len(before)
        removed = filled("demo", "remove", "--yes")
        assert "297 of them out of scope" in removed.stderr
        assert owners(folder) == before
        assert "Nothing of the demo" in filled("demo", "remove", "--yes").stdout

    @pytest.fixture(autouse=True)
    def no_training(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What follows is tested with `import`."""
        monkeypatch.setattr("chatbot.cli.demo.ask_for_model", lambda _: None)


class TestUp:
    """Up to where processes would be started."""

    @pytest.fixture
    def awaited(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        seen: list[str] = []

        class Nothing:
            def __init__(self, *_: object) -> None:
                pass

            def run(
                self, on_ready: Callable[[], None], say: Callable[[str], None], ready_path: str
            ) -> None:
                seen.append(ready_path)
                on_ready()

        monkeypatch.setattr(chatbot.cli.up, "Supervisor", Nothing)
        monkeypatch.setattr(chatbot.cli.up, "ensure_model", lambda _: False)
        return seen

    @pytest.mark.parametrize("options", [[], ["--empty"]])
    def test_without_a_terminal_nobody_is_asked_and_nothing_comes_in(
        self, run: Run, folder: Path, awaited: list[str], options: list[str]
    ) -> None:
        result = run("up", "--port", "0", "--web-only", *options)
        assert result.exit_code == 0
        assert awaited == ["/healthz"]
        assert owners(folder) == {}
        for door in ("demo add", "import FILE", "start empty"):
            assert door in result.stdout

    def test_the_demo_is_one_option_away(self, run: Run, folder: Path, awaited: list[str]) -> None:
        assert run("up", "--port", "0", "--web-only", "--demo").exit_code == 0
        assert awaited == ["/readyz"]
        assert set(owners(folder).values()) == set(demo.read_demo().intents)
        again = run("up", "--port", "0", "--web-only", "--demo")
        assert "not empty, so nothing was brought in" in again.stderr

    def test_so_is_a_file(self, run: Run, folder: Path, file: str, awaited: list[str]) -> None:
        assert run("up", "--port", "0", "--web-only", "--faq", file).exit_code == 0
        assert set(owners(folder).values()) == {"wifi"}
        assert run("up", "--demo", "--empty").exit_code == 2

    @pytest.mark.parametrize(
        ("typed", "intents"), [("demo\n", 70), ("\n", 70), ("own\n{file}\n", 1), ("empty\n", 0)]
    )
    def test_a_person_at_a_terminal_is_asked(
        self,
        run: Run,
        folder: Path,
        file: str,
        awaited: list[str],
        monkeypatch: pytest.MonkeyPatch,
        typed: str,
        intents: int,
    ) -> None:
        monkeypatch.setattr(chatbot.cli.up, "_is_terminal", lambda: True)
        result = run("up", "--port", "0", "--web-only", typed=typed.format(file=file))
        assert result.exit_code == 0
        assert len(set(owners(folder).values())) == intents
        assert awaited == ["/readyz" if intents else "/healthz"]


def test_many_intents_are_changed_at_once(filled: Run, folder: Path) -> None:
    assert filled("intents", "bulk", "delete").exit_code == 2
    tried = filled("intents", "bulk", "delete", "--search", "leave", "--dry-run")
    assert "delete 1 intents with 4 utterances" in tried.stderr
    moved = filled("intents", "bulk", "move", "vpn", "leave", "--to", "Work", "--yes")
    assert moved.exit_code == 0
    listed = json.loads(filled("intents", "list", "--topic", "Work", "--json").stdout)
    assert [each["name"] for each in listed] == ["leave", "vpn"]
    assert filled("undo").exit_code == 0
    assert json.loads(filled("intents", "list", "--topic", "Work", "--json").stdout) == []


def test_test_questions_are_listed_added_imported_and_removed(filled: Run, tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("text,intent\nmy tunnel died,vpn\ndo you sell bread,\n")
    assert "2 test questions added" in filled("questions", "import", str(path)).stdout
    assert filled("questions", "add", "sing a song").exit_code == 0
    out = json.loads(filled("questions", "list", "--out-of-scope", "--json").stdout)
    assert [(q["text"], q["origin"]) for q in out] == [
        ("sing a song", None),
        ("do you sell bread", "file"),
    ]
    assert "my tunnel died" in filled("questions", "list", "--intent", "vpn").stdout
    assert filled("questions", "remove").exit_code == 2
    assert "2 test" in filled("questions", "remove", "--out-of-scope", "--yes").stdout
    assert filled("undo").exit_code == 0
    assert len(json.loads(filled("questions", "list", "--json").stdout)) == 3
    assert filled("questions", "add", "VPN drops all the time").exit_code == 1


def test_a_first_import_beside_a_worker_asks_it_for_a_model(
    run: Run, folder: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", file)
    parts = opened(folder)
    with parts.database.read() as session:
        assert session.scalars(select(TrainingJob.kind)).all() == []
    monkeypatch.setattr("chatbot.cli.faq.worker_lives", lambda _: True)
    assert "A worker makes a model" in run("import", file).stderr
    with parts.database.read() as session:
        assert session.scalars(select(TrainingJob.kind)).all() == ["untrained", "train"]
    parts.database.close()
