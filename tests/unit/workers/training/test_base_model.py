"""Which base models may be trained, and which are refused before anything in them runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.errors import BaseModelRefused
from workers.training import base_model

TRANSFORMER = {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that passes every check; weights are only opened later."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "modules.json").write_text(json.dumps([TRANSFORMER]))
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def _add_pickle(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def _add_code(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "modeling.py").write_text("raise SystemExit")


def _link_out(folder: Path) -> None:
    (folder / "vocab.txt").symlink_to("/etc/passwd")


def _foreign_module(folder: Path) -> None:
    (folder / "modules.json").write_text(json.dumps([TRANSFORMER | {"type": "os.system"}]))


def _foreign_module_of_an_allowed_name(folder: Path) -> None:
    module = TRANSFORMER | {"type": "sentence_transformers_evil.Transformer"}
    (folder / "modules.json").write_text(json.dumps([module]))


def _path_out(folder: Path) -> None:
    (folder / "modules.json").write_text(json.dumps([TRANSFORMER | {"path": "../.."}]))


def _own_code_by_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "modeling.Evil"}}')


def _no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _no_modules(folder: Path) -> None:
    (folder / "modules.json").unlink()


def _broken_modules(folder: Path) -> None:
    (folder / "modules.json").write_text("[")


def test_a_clean_folder_is_accepted(folder: Path) -> None:
    assert base_model.resolve(str(folder)) == folder


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_add_pickle, "can carry code"),
        (_add_code, "can carry code"),
        (_link_out, "link out of the folder"),
        (_foreign_module, "asks for the module “os.system”"),
        (_foreign_module_of_an_allowed_name, "asks for the module"),
        (_path_out, "points out of the folder"),
        (_own_code_by_config, "code of its own"),
        (_no_weights, "no .safetensors"),
        (_no_modules, "cannot be read"),
        (_broken_modules, "cannot be read"),
    ],
)
def test_a_hostile_or_broken_folder_is_refused(
    folder: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(folder)

    with pytest.raises(BaseModelRefused, match=reason):
        base_model.resolve(str(folder))


def test_weights_that_are_not_safetensors_inside_are_refused_when_opened(folder: Path) -> None:
    with pytest.raises(BaseModelRefused, match="cannot be opened"):
        base_model.load(folder)


def test_a_name_that_is_not_in_the_local_cache_is_refused_without_asking_the_network() -> None:
    with pytest.raises(BaseModelRefused, match="nothing is fetched at run time"):
        base_model.resolve("nobody/no-such-model")


def test_the_packaged_model_is_accepted_by_its_published_hash() -> None:
    assert (base_model.resolve("") / "model.safetensors").is_file()


def test_a_packaged_model_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_model, "PACKAGED_SHA256", "0" * 64)

    with pytest.raises(BaseModelRefused, match="Do not use this package"):
        base_model.resolve("")
