from pathlib import Path

import pytest

from chatbot.settings import Settings

pytest.importorskip("celery", exc_type=ImportError)

from workers.schedule import beat_schedule


def test_the_night_begins_when_the_settings_say(tmp_path: Path) -> None:
    entries = beat_schedule(Settings(data_dir=tmp_path, retrain_at="03:45"))
    [nightly] = [e for e in entries.values() if e["task"].endswith(".request_nightly")]
    assert (nightly["schedule"].hour, nightly["schedule"].minute) == ({3}, {45})


def test_what_comes_round_within_minutes_never_piles_up(tmp_path: Path) -> None:
    """A tick that nobody took is dropped before the next one comes."""
    for name, entry in beat_schedule(Settings(data_dir=tmp_path)).items():
        if isinstance(entry["schedule"], int):
            assert 0 < entry["options"]["expires"] <= entry["schedule"], name


def test_each_task_has_one_place_in_the_timetable(tmp_path: Path) -> None:
    tasks = [entry["task"] for entry in beat_schedule(Settings(data_dir=tmp_path)).values()]
    assert len(set(tasks)) == len(tasks)
