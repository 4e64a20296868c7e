import signal
import stat
from pathlib import Path

import pytest

from chatbot import programs
from chatbot.errors import SettingsError
from chatbot.programs import list_programs, prepare_store_folders
from chatbot.settings import Settings


@pytest.fixture
def own_store(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def names(settings: Settings, learns: bool = True) -> list[str]:
    return [program.name for program in list_programs(settings, learns)]


def test_the_store_stops_last_and_only_ones_own_is_started(own_store: Settings) -> None:
    assert names(own_store)[-1] == "store"
    foreign = own_store.model_copy(update={"redis_url": "redis://cache:6379/0"})
    assert names(foreign) == names(own_store)[:-1]


def test_a_web_host_runs_no_worker(own_store: Settings) -> None:
    assert names(own_store, learns=False) == ["web", "store"]


def test_a_training_is_dropped_rather_than_waited_for(own_store: Settings) -> None:
    [worker] = [p for p in list_programs(own_store) if p.name == "worker"]
    assert worker.harsh_signal is signal.SIGQUIT
    assert worker.death_signal is signal.SIGKILL


def test_without_a_store_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="install redis-server"):
        programs.find_store_server()


def test_the_stores_folder_is_private(own_store: Settings) -> None:
    prepare_store_folders(own_store)
    prepare_store_folders(own_store)
    folder = own_store.data_dir / "store"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_socket_folder_that_others_may_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sockets"
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setattr(Settings, "store_socket", folder / "store.sock")
    with pytest.raises(SettingsError, match="not a private folder"):
        prepare_store_folders(Settings(data_dir=tmp_path / "data"))
