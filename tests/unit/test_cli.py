"""Each command through click's runner, on a data folder of its own, with the fake encoder."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

import chatbot.cli.context
import chatbot.cli.jobs
import mail_relay
from chatbot.bootstrap import Parts, build
from chatbot.cli import main
from chatbot.cli.context import Context
from chatbot.cli.sites import make_first_site
from chatbot.services.monitoring import watch
from chatbot.services.releases import processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.settings import Settings
from chatbot.storage.database import now
from chatbot.storage.tables import AuditEvent, Delivery, TrainingJob
from factories import add_confirmed, add_lacking_version
from fakes import ANSWERED, KNOWN, UNCLEAR, UNKNOWN, add_version, with_fake_models
from receiver import running

Run = Callable[..., Result]

TRAINER = """
import time
from chatbot.bootstrap import build
from chatbot.domain.gate import Verdict
from chatbot.services.releases import jobs, release
from chatbot.settings import Settings
from fakes import add_version

parts = build(Settings.from_env())
lease = jobs.claim(parts.database, "fake", 60)
jobs.report(parts.database, lease, "fit", 0.5, "half way")
{then}
with parts.database.write() as session:
    pointer = release.read_pointer(session)
    version = add_version(session, "f")
    generation = pointer.generation if pointer else 0
    release.install_untrained(session, version, "made by the fake", generation)
    jobs.finish(session, lease, jobs.State.DONE, f"Version {{version}} is live.", version)
"""


class TestEveryCommand:
    def test_an_impossible_setting_is_one_line_and_exit_code_1(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_PORT", "no number")
        result = run("models")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: CHATBOT_PORT: ")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""

    def test_help_works_with_an_impossible_setting(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_PORT", "no number")
        assert run("models", "--help").exit_code == 0

    def test_wrong_usage_is_exit_code_2(self, run: Run) -> None:
        assert run("promote", "1").exit_code == 2

    def test_an_unreachable_database_is_one_line_without_the_password(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_DATABASE_URL", "postgresql+psycopg://me:hush@127.0.0.1:1/none")
        result = run("models")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: The database")
        assert "hush" not in result.stderr

    def test_the_data_folder_given_wins_over_the_environment(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_DATA_DIR", str(tmp_path / "other"))
        assert run("models").exit_code == 0
        assert not (tmp_path / "other").exists()


class TestImport:
    def test_says_what_changed(self, run: Run, faq_file: Path) -> None:
        result = run("import", str(faq_file))
        assert result.exit_code == 0
        assert "2 intents added, 0 changed, 3 utterances added" in result.stdout

    def test_warns_of_a_missing_answer(self, run: Run, faq_file: Path) -> None:
        assert "“parking” has no answer yet" in run("import", str(faq_file)).stderr

    def test_a_second_time_changes_nothing(self, run: Run, faq_file: Path) -> None:
        run("import", str(faq_file))
        assert "0 intents added, 0 changed, 0 utter" in run("import", str(faq_file)).stdout

    def test_lists_every_mistake_with_file_and_line_and_changes_nothing(
        self, run: Run, tmp_path: Path, faq_file: Path
    ) -> None:
        file = tmp_path / "bad.csv"
        file.write_text("text,intent\nwhere can I park?,parking\n,parking\nhello,!!\n")
        result = run("import", str(file))
        assert result.exit_code == 1
        assert "bad.csv:3: " in result.stderr
        assert "bad.csv:4: " in result.stderr
        assert "2 intents added" in run("import", str(faq_file)).stdout

    def test_names_a_missing_path(self, run: Run) -> None:
        result = run("import", "nowhere")
        assert result.exit_code == 1
        assert "no such file or folder" in result.stderr

    def test_calibrates_an_untrained_model_again_when_the_faq_has_grown(
        self, run_filled: Run, tmp_path: Path, fake_trainer: Callable[[str], None]
    ) -> None:
        fake_trainer("")
        result = run_filled("import", str(_grown_faq(tmp_path)))
        assert result.exit_code == 0
        assert "calibrated on 16 utterances, now there are 26" in result.stderr
        assert "Version 2 is live." in result.stderr

    def test_keeps_the_calibration_on_request(self, run_filled: Run, tmp_path: Path) -> None:
        result = run_filled("import", str(_grown_faq(tmp_path)), "--no-calibrate")
        assert result.exit_code == 0
        assert "calibrat" not in result.stderr


class TestAsk:
    def test_answers(self, run_filled: Run) -> None:
        result = run_filled("ask", ANSWERED)
        assert result.exit_code == 0
        assert "Open https://id.example/reset." in result.stdout

    def test_asks_back_when_unsure(self, run_filled: Run) -> None:
        assert run_filled("ask", UNCLEAR).stdout.startswith("Not sure.")

    def test_hands_over(self, run_filled: Run) -> None:
        assert "a person should take over" in run_filled("ask", UNKNOWN).stdout

    def test_prints_json(self, run_filled: Run) -> None:
        answered = json.loads(run_filled("ask", KNOWN, "--json").stdout)
        assert answered["decision"] == "answer"
        assert answered["exact"]
        assert answered["candidates"][0]["intent"] == "reset-password"
        assert answered["model_version"] == 1

    def test_refuses_a_blank_question(self, run_filled: Run) -> None:
        result = run_filled("ask", "  ")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "Error: The text is blank. Send a question.\n"

    def test_first_makes_a_model_where_there_is_none(
        self, run: Run, fake_trainer: Callable[[str], None]
    ) -> None:
        fake_trainer("")
        result = run("ask", "anything")
        assert result.exit_code == 0
        assert "making the first one" in result.stderr
        assert "a person should take over" in result.stdout


class TestReview:
    def test_lists_what_waits(self, run_filled: Run) -> None:
        run_filled("ask", UNCLEAR)
        run_filled("ask", UNKNOWN, "--test")
        rows = json.loads(run_filled("queries", "--json").stdout)
        assert [row["text"] for row in rows] == [UNCLEAR]
        assert rows[0]["id"] in run_filled("queries").stdout

    def test_confirms_and_takes_back(self, run_filled: Run, query_id: str) -> None:
        assert "is “vpn”" in run_filled("confirm", query_id, "vpn").stdout
        assert json.loads(run_filled("queries", "--json").stdout) == []
        reviewed = json.loads(run_filled("queries", "--all", "--json").stdout)
        assert reviewed[0]["verdict"] == "vpn"
        assert "back in the review queue" in run_filled("confirm", query_id, "--undo").stdout
        assert len(json.loads(run_filled("queries", "--json").stdout)) == 1

    def test_confirms_that_nothing_fits(self, run_filled: Run, query_id: str) -> None:
        assert "is none of the intents" in run_filled("confirm", query_id, "--none").stdout

    @pytest.mark.parametrize("given", [(), ("vpn", "--none"), ("--none", "--undo")])
    def test_wants_exactly_one_verdict(
        self, run_filled: Run, query_id: str, given: tuple[str, ...]
    ) -> None:
        assert run_filled("confirm", query_id, *given).exit_code == 2

    def test_names_an_unknown_intent(self, run_filled: Run, query_id: str) -> None:
        result = run_filled("confirm", query_id, "teapot")
        assert (result.exit_code, result.stderr) == (1, "Error: There is no intent “teapot”.\n")

    def test_the_audit_trail_names_the_unix_user(
        self, run_filled: Run, query_id: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOGNAME", "carla")
        run_filled("confirm", query_id, "vpn")
        with _open(folder).database.read() as session:
            confirm = select(AuditEvent.actor).where(AuditEvent.action == "query.confirm")
            assert session.scalars(confirm).all() == ["cli:carla"]


class TestRetrain:
    def test_only_queues_and_says_that_no_worker_runs(self, run_filled: Run) -> None:
        result = run_filled("retrain")
        assert result.stdout == "Job 1 is queued.\n"
        assert "No worker runs" in result.stderr

    def test_says_that_a_worker_will_take_it(self, run_filled: Run, folder: Path) -> None:
        with _open(folder).database.write() as session:
            processes.beat(session, processes.Identity(ProcessKind.WORKER))
        assert "A worker takes it" in run_filled("retrain").stderr

    def test_a_killed_worker_does_not_count(self, run_filled: Run, folder: Path) -> None:
        with _open(folder).database.write() as session:
            processes.beat(session, processes.Identity(ProcessKind.WORKER, pid=2**22 + 1))
        assert "No worker runs" in run_filled("retrain").stderr

    def test_waits_for_a_trainer_of_its_own(
        self, run_filled: Run, fake_trainer: Callable[[str], None]
    ) -> None:
        fake_trainer("")
        result = run_filled("retrain", "--wait")
        assert result.exit_code == 0
        assert result.stdout == "Version 2 is live.\n"
        assert "chatbot report 2" in result.stderr

    def test_a_failed_job_is_exit_code_1_with_its_reason(
        self, run_filled: Run, fake_trainer: Callable[[str], None]
    ) -> None:
        fake_trainer(
            "with parts.database.write() as session:\n"
            "    jobs.finish(session, lease, jobs.State.FAILED, 'no memory')\n"
            "raise SystemExit"
        )
        result = run_filled("retrain", "--wait")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "Error: Job 1 failed: no memory" in result.stderr

    def test_a_trainer_that_cannot_start_is_shown_with_the_end_of_its_log(
        self, run_filled: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = (sys.executable, "-c", "raise ImportError('no torch here')")
        monkeypatch.setattr(chatbot.cli.jobs, "_TRAINER", broken)
        monkeypatch.setattr(chatbot.cli.jobs, "_PATIENCE_SECONDS", 0.5)
        result = run_filled("retrain", "--wait")
        assert result.exit_code == 1
        assert "ImportError: no torch here" in result.stderr

    def test_control_c_ends_its_own_trainer_and_keeps_the_job(
        self,
        run_filled: Run,
        folder: Path,
        fake_trainer: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        fake_trainer("time.sleep(60)")
        monkeypatch.setattr(chatbot.cli.jobs, "_progress", _InterruptedAt("fit"))
        result = run_filled("retrain", "--wait")
        assert result.exit_code == 130
        assert "Stopped the training. Job 1 stays open" in result.stderr
        with _open(folder).database.read() as session:
            assert session.scalars(select(TrainingJob.state)).all() == ["running"]


class TestEvaluate:
    def test_json_has_exactly_the_promised_keys(self, run_filled: Run, labelled: Path) -> None:
        result = run_filled("evaluate", str(labelled), "--format", "json")
        report = json.loads(result.stdout)
        assert list(report) == [
            "n",
            "top1",
            "in_scope_accuracy",
            "oos_recall",
            "mcc",
            "coverage",
            "wrong_answer_rate",
            "top3",
            "ece",
            "auroc_oos",
            "ms_per_query",
            "model_version",
        ]
        assert (report["n"], report["top1"], report["oos_recall"]) == (3, 1.0, 1.0)
        assert report["ms_per_query"].keys() == {"p50", "p99"}
        assert report["model_version"] == 1

    def test_prints_a_table(self, run_filled: Run, labelled: Path) -> None:
        assert "in_scope_accuracy" in run_filled("evaluate", str(labelled)).stdout

    def test_counts_unknown_intents_as_wrong_and_says_so(
        self, run_filled: Run, labelled: Path
    ) -> None:
        labelled.write_text(labelled.read_text() + "a cup of tea,teapot\n")
        result = run_filled("evaluate", str(labelled), "--format", "json")
        assert "1 of 4 questions have an intent that the FAQ does not know" in result.stderr
        assert json.loads(result.stdout)["top1"] == pytest.approx(2 / 3)

    def test_logs_nothing(self, run_filled: Run, labelled: Path) -> None:
        run_filled("evaluate", str(labelled))
        assert json.loads(run_filled("queries", "--all", "--json").stdout) == []

    @pytest.mark.parametrize("content", ["text,intent\n", "a,b\n1,2\n"])
    def test_refuses_a_file_without_questions(
        self, run_filled: Run, tmp_path: Path, content: str
    ) -> None:
        file = tmp_path / "empty.csv"
        file.write_text(content)
        result = run_filled("evaluate", str(file))
        assert (result.exit_code, result.stdout) == (1, "")

    def test_names_an_unknown_version(self, run_filled: Run, labelled: Path) -> None:
        result = run_filled("evaluate", str(labelled), "--model", "9")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


class TestModels:
    def test_lists_them(self, run_filled: Run) -> None:
        models = json.loads(run_filled("models", "--json").stdout)
        assert [(m["version"], m["state"]) for m in models] == [(1, "live")]
        assert "untrained" in run_filled("models").stdout

    def test_says_how_far_the_candidate_in_the_shadow_is(
        self, run_filled: Run, folder: Path
    ) -> None:
        assert "in silence" not in run_filled("models").stderr
        with _open(folder).database.write() as session:
            lacking = add_lacking_version(session).id
        said = run_filled("models").stderr
        assert f"Version {lacking} lacks evidence. It answers in silence beside version 1." in said

    def test_promotes_and_rolls_back(self, run_filled: Run, folder: Path) -> None:
        with _open(folder).database.write() as session:
            add_version(session, "2")
        promoted = run_filled("promote", "2", "--reason", "looks good")
        assert promoted.stdout == "Version 2 is live instead of version 1 (generation 2).\n"
        back = run_filled("rollback", "--reason", "was not")
        assert back.stdout == "Version 1 is live instead of version 2 (generation 3).\n"
        states = {
            m["version"]: m["state"] for m in json.loads(run_filled("models", "--json").stdout)
        }
        assert states == {1: "live", 2: "withdrawn"}

    def test_promotes_nothing_that_cannot_be_loaded(self, run: Run, folder: Path) -> None:
        parts = _open(folder)
        with parts.database.write() as session:
            add_version(session)
        result = run("promote", "1", "--reason", "try", real=True)
        assert result.exit_code == 1
        assert "manifest.json is missing" in result.stderr
        assert json.loads(run("models", "--json").stdout)[0]["state"] == ""

    def test_has_nothing_to_roll_back_to(self, run_filled: Run) -> None:
        assert run_filled("rollback", "--reason", "no").exit_code == 1

    @pytest.mark.parametrize("form", ["md", "json"])
    def test_reports(self, run_filled: Run, form: str) -> None:
        result = run_filled("report", "1", "--format", form)
        assert result.exit_code == 0
        assert result.stdout.startswith("# Model version 1" if form == "md" else "{")

    def test_names_an_unknown_version(self, run_filled: Run) -> None:
        result = run_filled("report", "9")
        assert result.stderr == "Error: There is no model version 9.\n"


class TestSites:
    def test_are_added_listed_and_revoked(self, run: Run) -> None:
        origins = ("--origin", "https://shop.example", "--origin", "localhost")
        key = run("site", "add", "Shop", *origins, "--per-visitor", "5").stdout.strip()
        assert key.startswith("site_")
        (listed,) = json.loads(run("site", "list", "--json").stdout)
        assert (listed["key"], listed["name"], listed["per_visitor"]) == (key, "Shop", 5)
        assert listed["origins"] == "https://shop.example localhost"
        assert key in run("site", "list").stdout
        assert "is revoked" in run("site", "revoke", key).stdout
        assert json.loads(run("site", "list", "--json").stdout)[0]["revoked_at"]

    def test_the_demo_page_gets_one_at_the_first_start_only(self, run: Run, folder: Path) -> None:
        for _ in range(2):
            context = Context({"data_dir": str(folder)})
            make_first_site(context)
            context.close()
        (demo,) = json.loads(run("site", "list", "--json").stdout)
        assert (demo["name"], demo["origins"]) == ("Demo", "self")

    def test_a_mistake_is_one_line(self, run: Run) -> None:
        result = run("site", "add", "Shop", "--origin", "shop.example")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: “shop.example” is no origin")
        assert run("site", "revoke", "site_none").exit_code == 1
        assert run("site", "add", "Shop").exit_code == 2


class TestKeys:
    def test_are_made_listed_and_revoked(self, run: Run) -> None:
        made = run("key", "create", "widget", "--scope", "ask", "--days", "7")
        assert made.stdout.startswith("cb_")
        assert made.stdout.count("\n") == 1
        (listed,) = json.loads(run("key", "list", "--json").stdout)
        assert (listed["name"], listed["scope"], listed["revoked_at"]) == ("widget", "ask", None)
        assert made.stdout.strip() not in run("key", "list").stdout
        assert "is revoked" in run("key", "revoke", listed["id"]).stdout
        assert json.loads(run("key", "list", "--json").stdout)[0]["revoked_at"]


def mail_settings(port: int) -> dict[str, str]:
    return {
        "CHATBOT_SMTP_HOST": "127.0.0.1",
        "CHATBOT_SMTP_PORT": str(port),
        "CHATBOT_SMTP_SECURITY": "none",
        "CHATBOT_SMTP_PASSWORD": "geheim",
        "CHATBOT_SMTP_SENDER": "bot@example.org",
    }


class TestDoctor:
    def test_is_content_with_a_fresh_folder(self, run: Run) -> None:
        result = run("doctor")
        assert result.exit_code == 0, result.stdout
        assert "✗" not in result.stdout

    def test_finds_a_missing_artefact(self, run_filled: Run) -> None:
        result = run_filled("doctor", real=True)
        assert result.exit_code == 1
        assert "✗ live model: version 1: 000000000000: manifest.json is missing" in result.stdout

    def test_goes_on_after_a_broken_database(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_DATABASE_URL", "postgresql+psycopg://me:hush@127.0.0.1:1/none")
        result = run("doctor", "--json")
        assert result.exit_code == 1
        broken = {f["name"] for f in json.loads(result.stdout) if f["needed"] and not f["ok"]}
        assert {"database", "live model"} <= broken
        assert "hush" not in result.stdout

    def test_tries_the_mail_relay_out(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "✓ mail relay: none is set" in run("doctor").stdout
        with mail_relay.running() as relay:
            for name, value in mail_settings(relay.port).items():
                monkeypatch.setenv(name, value)
            good = run("doctor").stdout
            assert f"✓ mail relay: 127.0.0.1:{relay.port} says to the sender bot@" in good
            relay.replies["MAIL"] = ["530 log in first"]
            assert ": 530 log in first\n    Correct CHATBOT_SMTP_SENDER" in run("doctor").stdout
            assert relay.handed == []
        down = run("doctor")
        assert down.exit_code == 0, "answers go on"
        assert "cannot be used: Connection refused" in down.stdout
        assert "geheim" not in good + down.stdout + run("settings").stdout

    def test_says_when_nobody_delivers(self, run: Run, folder: Path) -> None:
        run("webhook", "create", "https://hooks.example.org/", "--event", "model.promoted")
        run("webhook", "test", "1")
        assert "✓ deliveries" in run("doctor").stdout
        parts = build(Settings(data_dir=folder))
        with parts.database.write() as session:
            session.execute(update(Delivery).values(created_at=now() - timedelta(minutes=2)))
        parts.database.close()
        result = run("doctor")
        assert result.exit_code == 0
        assert "– deliveries: one has been waiting since" in result.stdout


class TestSettings:
    def test_shows_every_one(self, run: Run) -> None:
        shown = json.loads(run("settings", "--json").stdout)
        assert shown.keys() == Settings.model_fields.keys()
        table = run("settings").stdout
        assert all(f"CHATBOT_{name.upper()}" in table for name in Settings.model_fields)

    def test_hides_passwords(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CHATBOT_REDIS_URL", "redis://:hush@cache:6379/0")
        result = run("settings")
        assert "redis://:***@cache:6379/0" in result.stdout
        assert "hush" not in result.stdout


class _InterruptedAt:
    """A progress bar that presses Ctrl-C when the job reaches a step."""

    def __init__(self, step: str) -> None:
        self._step = step

    def __call__(self) -> "_InterruptedAt":
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, step: str, done: float, message: str) -> None:
        if step == self._step:
            raise KeyboardInterrupt


def _open(folder: Path) -> Parts:
    return build(Settings(data_dir=folder))


def _grown_faq(tmp_path: Path) -> Path:
    file = tmp_path / "more.csv"
    rows = "".join(f"where can I park on level {n}?,parking,Behind the house.\n" for n in range(10))
    file.write_text(f"text,intent,answer\n{rows}")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on an empty folder; `real` opens real artefacts."""
    made: list[Parts] = []

    def invoke(*arguments: str, real: bool = False) -> Result:
        def build_with_fakes(settings: Settings) -> Parts:
            made.append(build(settings) if real else with_fake_models(build(settings)))
            return made[-1]

        monkeypatch.setattr(chatbot.cli.context, "build", build_with_fakes)
        result = CliRunner().invoke(main, ["--data-dir", str(folder), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


@pytest.fixture
def run_filled(run: Run, folder: Path, template: Path) -> Run:
    """The FAQ of `fakes`, and version 1 live."""
    shutil.copytree(template, folder)
    return run


@pytest.fixture
def query_id(run_filled: Run) -> str:
    return str(json.loads(run_filled("ask", UNCLEAR, "--json").stdout)["query_id"])


@pytest.fixture
def fake_trainer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`fake_trainer(then)`: a child that claims the job, runs `then`, and makes a version."""

    def install(then: str) -> None:
        tests = str(Path(__file__).parents[1])
        monkeypatch.setenv("PYTHONPATH", tests)
        script = (sys.executable, "-c", TRAINER.format(then=then))
        monkeypatch.setattr(chatbot.cli.jobs, "_TRAINER", script)

    return install


@pytest.fixture
def faq_file(tmp_path: Path) -> Path:
    file = tmp_path / "faq.csv"
    file.write_text(
        "text,intent,answer\n"
        "where can I park?,parking,\n"
        "is there a garage?,parking,\n"
        "when is lunch?,lunch,At noon.\n"
    )
    return file


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    file = tmp_path / "labelled.csv"
    file.write_text(
        f"text,intent\n{ANSWERED},reset-password\n{KNOWN},reset-password\n{UNKNOWN},out_of_scope\n"
    )
    return file


class TestUser:
    def test_an_account_is_made_listed_and_disabled(self, run: Run) -> None:
        password = "correct horse battery"
        made = run("user", "create", "Ann@example.org", "--role", "admin", "--password", password)
        assert made.stdout == "ann@example.org may sign in as admin.\n"
        boss = run("user", "create", "boss@example.org", "--role", "admin", "--password", password)
        assert boss.exit_code == 0
        assert run("user", "disable", "ann@example.org").exit_code == 0
        listed = json.loads(run("user", "list", "--json").stdout)
        assert [(p["email"], p["role"], p["disabled"]) for p in listed] == [
            ("ann@example.org", "admin", True),
            ("boss@example.org", "admin", False),
        ]
        assert run("user", "enable", "ann@example.org").exit_code == 0
        assert "ann@example.org" in run("user", "list").stdout
        changed = run("user", "password", "ann@example.org", "--password", "another good one")
        assert changed.exit_code == 0

    def test_a_mistake_is_one_line(self, run: Run) -> None:
        short = run("user", "create", "ann@example.org", "--role", "agent", "--password", "short")
        assert short.exit_code == 1
        assert "10 to 200 characters" in short.stderr
        assert run("user", "disable", "nobody@example.org").exit_code == 1
        assert run("user", "create", "ann@example.org", "--role", "king").exit_code == 2


class TestWebhook:
    def test_is_made_tried_seen_and_deleted(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_PRIVATE_NETWORKS", "true")
        with running() as receiver:
            made = run("webhook", "create", receiver.url(), "--event", "model.promoted")
            assert made.stdout.startswith("whsec_")
            assert made.stdout.count("\n") == 1
            assert run("webhook", "test", "1").exit_code == 0
            assert run("webhook", "deliver").stdout == "Attempts made: 1.\n"
            assert receiver.received[0].headers["webhook-id"].startswith("evt_")
            [delivery] = json.loads(run("webhook", "deliveries", "--json").stdout)
            assert (delivery["state"], delivery["status"]) == ("delivered", 200)
            assert run("webhook", "redeliver", "1").exit_code == 0
            assert run("webhook", "deliver").stdout == "Attempts made: 1.\n"
        rotated = run("webhook", "rotate", "1").stdout
        assert rotated.startswith("whsec_")
        assert rotated != made.stdout
        run("webhook", "disable", "1")
        assert "Disabled by cli:" in run("webhook", "list").stdout
        assert "Enable it first" in run("webhook", "test", "1").stderr
        run("webhook", "enable", "1")
        [listed] = json.loads(run("webhook", "list", "--json").stdout)
        assert listed["enabled"]
        assert "secret" not in listed
        assert "delivered" in run("webhook", "deliveries").stdout
        assert "delivered" not in run("webhook", "deliveries", "--failed").stdout
        assert run("webhook", "delete", "1").exit_code == 0
        assert "no webhook 1" in run("webhook", "delete", "1").stderr

    def test_tells_people_by_e_mail(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        order = ("webhook", "create", "mailto:help@example.org", "--event", "handoff.requested")
        refused = run(*order)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "set CHATBOT_SMTP_HOST" in refused.stderr
        with mail_relay.running() as relay:
            for name, value in mail_settings(relay.port).items():
                monkeypatch.setenv(name, value)
            made = run(*order)
            assert made.stdout == "", "there is no secret"
            assert "Webhook 1 is made." in made.stderr
            assert run("webhook", "test", "1").exit_code == 0
            assert run("webhook", "deliver").stdout == "Attempts made: 1.\n"
            assert relay.handed[0].recipient == "help@example.org"
        [listed] = json.loads(run("webhook", "list", "--json").stdout)
        assert (listed["url"], listed["style"]) == ("mailto:help@example.org", "email")

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("http://127.0.0.1/", "--event", "model.promoted"), 1),
            (("https://example.org/",), 2),
            (("https://example.org/", "--event", "model.sold"), 2),
        ],
    )
    def test_nonsense_is_refused(self, run: Run, arguments: tuple[str, ...], code: int) -> None:
        assert run("webhook", "create", *arguments).exit_code == code

    def test_a_number_that_no_database_holds_is_refused(self, run: Run) -> None:
        assert run("webhook", "test", "9" * 30).exit_code == 2


def test_a_chatwoot_bot_is_connected_listed_and_disconnected(run: Run) -> None:
    options = ("--url", "https://chat.example", "--account", "3", "--token", "t0ken")
    connected = run("chatwoot", "connect", "website", *options)
    assert re.fullmatch(r"/v1/chatwoot/[\w-]{43}\n", connected.stdout)
    [bot] = json.loads(run("chatwoot", "list", "--json").stdout)
    assert (bot["name"], bot["account"], bot["signed"]) == ("website", 3, False)
    assert "t0ken" not in run("chatwoot", "list").stdout
    assert run("chatwoot", "disconnect", "1").exit_code == 0
    assert "no Chatwoot bot 1" in run("chatwoot", "disconnect", "1").stderr


class TestPin:
    def test_a_pin_is_added_listed_and_removed(self, run_filled: Run) -> None:
        added = run_filled("pin", "add", ANSWERED, "reset-password")
        assert added.stdout.startswith("Pin 1: ")
        assert "Warning" not in added.stderr
        broken = run_filled("pin", "add", UNKNOWN, "vpn")
        assert f"“{UNKNOWN}” is pinned to “vpn”, but the bot hands over." in broken.stderr
        listed = json.loads(run_filled("pin", "list", "--json").stdout)
        assert [(p["id"], p["fault"]) for p in listed] == [(1, None), (2, "the bot hands over")]
        assert UNKNOWN in run_filled("pin", "list", "--broken").stdout
        assert ANSWERED not in run_filled("pin", "list", "--broken").stdout
        assert run_filled("pin", "remove", "2").exit_code == 0
        assert run_filled("pin", "remove", "2").exit_code == 1

    def test_pins_need_no_model(self, run: Run) -> None:
        assert run("pin", "list").exit_code == 0
        unknown = run("pin", "add", "a question", "nothing")
        assert unknown.exit_code == 1
        assert "There is no intent" in unknown.stderr


class TestPairs:
    def test_a_file_is_imported_listed_exported_and_taken_back(
        self, run: Run, tmp_path: Path
    ) -> None:
        file, copy = tmp_path / "pairs.csv", tmp_path / "copy.csv"
        file.write_text("text_a,text_b,score\none,two,0.5\nthree,four,1\n")
        assert run("pairs", "import", str(file)).stdout.startswith("2 pairs added, 0 changed")
        assert run("pairs", "import", str(file)).stdout.startswith("0 pairs added, 0 changed, 2")
        listed = json.loads(run("pairs", "list", "--json").stdout)
        assert [(p["id"], p["text_a"], p["score"]) for p in listed] == [
            (2, "three", 1.0),
            (1, "one", 0.5),
        ]
        assert "three" in run("pairs", "list").stdout
        assert run("pairs", "export", str(copy)).exit_code == 0
        assert copy.read_text() == file.read_text() == run("pairs", "export").stdout
        assert run("pairs", "remove", "1").stdout == "1 pairs are removed.\n"
        assert run("pairs", "remove", "--by", listed[0]["by"]).exit_code == 0
        assert "no pairs" in run("pairs", "list").stderr

    def test_one_mistake_and_nothing_is_imported(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "pairs.csv"
        file.write_text("text_a,text_b,score\none,two,0.5\nthree,four,2\n")
        result = run("pairs", "import", str(file))
        assert result.exit_code == 1
        assert "pairs.csv:3: The score is 2" in result.stderr
        assert json.loads(run("pairs", "list", "--json").stdout) == []

    def test_all_of_some_pairs_are_removed_or_none(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "pairs.csv"
        file.write_text("text_a,text_b,score\none,two,0.5\n")
        run("pairs", "import", str(file))
        result = run("pairs", "remove", "1", "9")
        assert result.exit_code == 1
        assert "no pair 9" in result.stderr
        assert len(json.loads(run("pairs", "list", "--json").stdout)) == 1
        assert run("pairs", "remove").exit_code == 2
        assert run("pairs", "remove", "1", "--by", "ann").exit_code == 2


class TestReady:
    def test_it_says_what_becomes_of_a_hundred_questions(self, run_filled: Run) -> None:
        shown = run_filled("ready")
        assert shown.exit_code == 0
        assert "that the FAQ covers" in shown.stdout
        assert "5 more phrasings" in shown.stdout
        assert "16 of 16 known phrasings" in " ".join(shown.stderr.split())
        found = json.loads(run_filled("ready", "--json").stdout)
        assert (found["tried"], found["mute"], sum(found["all"].values())) == (16, False, 100)

    def test_it_needs_a_model(self, run: Run) -> None:
        result = run("ready")
        assert result.exit_code == 1
        assert "there is no model yet" in result.stderr


class TestWatch:
    def test_nothing_is_watched_before_the_first_promotion(self, run_filled: Run) -> None:
        result = run_filled("watch")
        assert result.exit_code == 0
        assert "nothing is watched" in result.stderr

    def test_a_hold_that_is_not_there_cannot_be_cleared(self, run_filled: Run) -> None:
        result = run_filled("watch", "--clear-hold", "looked at it")
        assert result.exit_code == 1
        assert "nothing to clear" in result.stderr

    def test_a_promotion_is_listed_with_its_figures(self, run_filled: Run, folder: Path) -> None:
        parts = with_fake_models(build(Settings(data_dir=folder)))
        with parts.database.write() as session:
            version = add_version(session, "e")
        assert run_filled("promote", str(version), "--reason", "a test").exit_code == 0
        watch.compare_live(parts.database, parts.models, parts.settings)
        parts.database.close()
        [listed] = json.loads(run_filled("watch", "--json").stdout)
        assert (listed["version"], listed["previous"], listed["state"]) == (version, 1, "watching")
        assert listed["handed_over"] == "– → –"
        assert "watching" in run_filled("watch").stdout


class TestQuarantine:
    def test_a_group_is_listed_and_released(self, run_filled: Run, folder: Path) -> None:
        assert "Nothing is in quarantine" in run_filled("quarantine", "list").stderr
        parts = with_fake_models(build(Settings(data_dir=folder)))
        with parts.database.write() as session:
            for place in range(51):
                add_confirmed(session, f"question {place}", "vpn")
        parts.database.close()
        [group] = json.loads(run_filled("quarantine", "list", "--json").stdout)
        assert (group["source"], group["says"], group["count"]) == ("agent", "vpn", 51)
        assert "question" in run_filled("quarantine", "list").stdout
        named = ("agent", "vpn", group["day"], "--reason", "a busy day")
        assert run_filled("quarantine", "release", *named).stdout.startswith("51 confirmations")
        assert run_filled("quarantine", "release", *named).exit_code == 1
        assert run_filled("quarantine", "release", "agent", "vpn", "soon").exit_code == 2


class TestThresholds:
    def test_nothing_changed_yet(self, run_filled: Run) -> None:
        result = run_filled("thresholds", "list")
        assert result.exit_code == 0
        assert "Nothing was changed yet" in result.stderr
        undone = run_filled("thresholds", "revert", "--reason", "a test")
        assert undone.exit_code == 1
        assert "nothing to undo" in undone.stderr

    def test_they_are_held_and_released(self, run_filled: Run) -> None:
        assert run_filled("thresholds", "hold", "--reason", "a fair is on").exit_code == 0
        listed = run_filled("thresholds", "list", "--json")
        assert [row["reason"] for row in json.loads(listed.stdout)] == ["On hold: a fair is on"]
        assert "on hold" in listed.stderr
        assert run_filled("thresholds", "release", "--reason", "it is over").exit_code == 0
        assert run_filled("thresholds", "release", "--reason", "it is over").exit_code == 1
