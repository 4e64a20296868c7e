import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from chatbot.storage.tables import TrainingJob
from shell import Run, opened, owners


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

    def test_a_pipe_hears_nothing_of_the_progress(self, run: Run, faq_file: Path) -> None:
        result = run("import", str(faq_file))
        assert "Reading" not in result.stderr
        assert "Importing" not in result.stderr

    def test_keeps_the_calibration_on_request(self, run_filled: Run, tmp_path: Path) -> None:
        result = run_filled("import", str(_grown_faq(tmp_path)), "--no-calibrate")
        assert result.exit_code == 0
        assert "calibrat" not in result.stderr


def _grown_faq(tmp_path: Path) -> Path:
    file = tmp_path / "more.csv"
    rows = "".join(f"where can I park on level {n}?,parking,Behind the house.\n" for n in range(10))
    file.write_text(f"text,intent,answer\n{rows}")
    return file


class TestActs:
    def test_a_dry_run_says_all_and_changes_nothing(
        self, run_filled: Run, folder: Path, file: str
    ) -> None:
        before = owners(folder)
        result = run_filled("import", file, "--move-clashes", "--dry-run", "--mode", "replace")
        assert result.exit_code == 0
        assert "4 intents removed" in result.stdout
        assert "- invoice" in result.stderr
        assert "Nothing was changed" in result.stderr
        assert owners(folder) == before

    def test_a_clash_is_refused_kept_or_moved(
        self, run_filled: Run, folder: Path, file: str
    ) -> None:
        assert run_filled("import", file).exit_code == 1
        assert run_filled("import", file, "--keep-clashes", "--no-calibrate").exit_code == 0
        assert owners(folder)["VPN drops all the time"] == "vpn"
        result = run_filled("import", file, "--move-clashes", "--no-calibrate", "--json")
        assert json.loads(result.stdout)["utterances_moved"] == 1
        assert owners(folder)["VPN drops all the time"] == "wifi"
        assert run_filled("import", file, "--move-clashes", "--keep-clashes").exit_code == 2
        assert run_filled("import", file, "--clashes", "move", "--keep-clashes").exit_code == 2

    def test_the_last_act_is_undone(self, run_filled: Run, folder: Path, file: str) -> None:
        before = owners(folder)
        run_filled("import", file, "--mode", "replace", "--no-calibrate")
        assert set(owners(folder).values()) == {"wifi"}
        assert run_filled("undo").exit_code == 0
        assert owners(folder) == before
        assert run_filled("undo", "999").exit_code == 1


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


LUIS = {
    "luis_schema_version": "7.0.0",
    "versionId": "0.1",
    "name": "bikes",
    "culture": "en-us",
    "intents": [{"name": "Rent a bike"}, {"name": "Repair"}, {"name": "None"}],
    "entities": [],
    "utterances": [
        {"text": "i want a bike", "intent": "Rent a bike", "entities": []},
        {"text": "my chain broke", "intent": "Repair", "entities": []},
        {"text": "can you help", "intent": "Rent a bike", "entities": []},
        {"text": "can you help", "intent": "Repair", "entities": []},
        {"text": "tell me a joke", "intent": "None", "entities": []},
    ],
}


class TestPreview:
    @pytest.fixture
    def app(self, tmp_path: Path) -> str:
        (tmp_path / "app.json").write_text(json.dumps(LUIS))
        return str(tmp_path / "app.json")

    def test_counts_what_a_file_of_another_bot_holds(self, run: Run, app: str) -> None:
        shown = json.loads(run("import", app, "--preview", "--format", "json").stdout)
        assert shown["format"] == "luis"
        counts = ("intents", "utterances", "answers", "out_of_scope", "disabled", "clashes")
        assert [shown[name] for name in counts] == [2, 2, 0, 1, 0, 1]
        assert shown["left_out"] == {"it stands in several intents": 2}
        assert shown["languages"] == ["en-us"]

    def test_says_it_to_people_and_writes_nothing(self, run: Run, app: str) -> None:
        shown = run("import", app, "--preview")
        assert "2 intents, 2 utterances (en-us), 0 answers, 1 out of scope" in shown.stdout
        assert "2 left out: it stands in several intents" in shown.stdout
        assert "“can you help” stands in rent-a-bike, repair" in shown.stdout
        assert "Importing it: 2 intents added" in shown.stdout
        assert "Nothing was changed." in shown.stderr
        assert "2 intents added" in run("import", app).stdout

    def test_of_several_languages_the_wanted_one_is_taken_and_the_others_named(
        self, run: Run, tmp_path: Path
    ) -> None:
        rows = [
            {"text": "my chain broke", "intent": "repair", "language": "en-us"},
            {"text": "my bike squeaks", "intent": "repair", "language": "en-us"},
            {"text": "meine Kette ist ab", "intent": "repair", "language": "de"},
        ]
        file = tmp_path / "rows.json"
        file.write_text(json.dumps(rows))
        shown = run("import", str(file), "--preview").stdout
        assert "1 intents, 2 utterances (en-us)" in shown
        assert "de: 1 utterances, 0 answers: another language (--language de takes it)" in shown
        german = run("import", str(file), "--preview", "--format", "json", "--language", "de")
        summary = json.loads(german.stdout)
        assert (summary["language"], summary["utterances"]) == ("de", 1)
        assert summary["languages"] == ["de", "en-us"]
        assert summary["others"] == {"en-us": {"utterances": 2, "answers": 0}}
        assert "1 utterances added" in run("import", str(file), "--language", "DE").stdout
        assert run("import", str(file), "--language", "fr").exit_code == 1
        assert run("import", str(file), "--language", "x y").exit_code == 2

    def test_a_wrong_file_of_a_known_product_is_named(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "answer.json"
        file.write_text('{"query": "hi", "topScoringIntent": {"intent": "a", "score": 0.9}}')
        result = run("import", str(file), "--preview")
        assert result.exit_code == 1
        assert "LUIS" in result.stderr
        assert "predicted" in result.stderr


class TestExport:
    def test_writes_what_imports_to_the_same(
        self, run: Run, faq_file: Path, tmp_path: Path
    ) -> None:
        run("import", str(faq_file))
        for form, name in (("yaml", "a.yaml"), ("csv", "a.csv"), ("qnamaker", "a.tsv")):
            assert run("export", str(tmp_path / name), "--format", form).exit_code == 0
            again = run("import", str(tmp_path / name)).stdout
            assert again.startswith("0 intents added, 0 changed, 0 utterances added"), form

    def test_makes_a_folder_of_several_files(
        self, run: Run, faq_file: Path, tmp_path: Path
    ) -> None:
        run("import", str(faq_file))
        assert run("export", str(tmp_path / "bot"), "--format", "rasa").exit_code == 0
        assert (tmp_path / "bot" / "domain.yml").is_file()
        assert run("export", "--format", "rasa").exit_code == 2

    def test_prints_it_where_no_path_is_given(self, run: Run, faq_file: Path) -> None:
        run("import", str(faq_file))
        assert run("export").stdout.startswith("intents:\n- name: lunch")
