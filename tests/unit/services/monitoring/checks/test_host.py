import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.bootstrap import Parts
from chatbot.services.monitoring.checks import host
from chatbot.settings import Settings


def given(parts: Parts, **settings: Any) -> Parts:
    data_dir = parts.settings.data_dir
    return replace(parts, settings=Settings(data_dir=data_dir, **settings))


@pytest.mark.parametrize(("free", "is_enough"), [(2_000_000_001, True), (2_000_000_000, False)])
def test_a_disk_that_is_nearly_full_is_said(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, free: int, is_enough: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found = host.check_disk_space(parts)
    assert (found.ok, found.needed) == (is_enough, False)


def test_a_data_folder_that_is_gone_is_made_and_left_empty(parts: Parts, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    assert host.check_data_folder(replace(parts, settings=settings)).ok
    assert list((tmp_path / "new").iterdir()) == []


def test_a_base_model_that_is_no_folder_is_missed(parts: Parts, tmp_path: Path) -> None:
    assert host.check_base_model(parts).detail == "packaged MiniLM"
    assert host.check_base_model(given(parts, base_model=str(tmp_path))).ok
    missed = host.check_base_model(given(parts, base_model=str(tmp_path / "none")))
    assert (missed.ok, missed.needed) == (False, False)
    assert "nothing is downloaded" in missed.advice


def test_a_host_that_only_answers_lacks_a_trainer(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert host.check_trainer(parts).ok
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    found = host.check_trainer(parts)
    assert (found.ok, found.needed, found.detail) == (False, False, "missing: torch")


def test_a_store_that_is_down_says_where_and_never_its_password(parts: Parts) -> None:
    embedded = host.check_store(parts)
    assert (embedded.ok, embedded.detail) == (False, "embedded, does not answer")
    assert "It runs while `chatbot up` runs." in embedded.advice
    foreign = host.check_store(given(parts, redis_url="redis://me:hush@127.0.0.1:1/0"))
    assert "127.0.0.1:1" in foreign.detail
    assert "hush" not in foreign.detail
    assert "CHATBOT_REDIS_URL" in foreign.advice


def test_what_was_set_is_named_without_its_value(parts: Parts) -> None:
    assert "CHATBOT_DATA_DIR" in host.check_settings(parts).detail
    found = host.check_settings(given(parts, smtp_host="h", smtp_sender="a@example.org"))
    assert "CHATBOT_SMTP_HOST" in found.detail
    assert "example.org" not in found.detail
