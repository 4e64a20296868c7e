import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import source as sources
from chatbot.formats.source import open_source, source_of
from exports import archive


def pack(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return archive.getvalue()


def refusal(name: str, content: bytes) -> str:
    with pytest.raises(InvalidCatalogue) as caught:
        source = source_of(name, content)
        for path in source:
            source[path]
    [mistake] = caught.value.mistakes
    return str(mistake)


def test_a_file_a_folder_and_an_archive_are_alike(tmp_path: Path) -> None:
    (tmp_path / "bot" / "data").mkdir(parents=True)
    (tmp_path / "bot" / "data" / "nlu.yml").write_bytes(b"nlu: []")
    (tmp_path / "bot" / ".DS_Store").write_bytes(b"x")
    folder = open_source(tmp_path / "bot")
    archive = source_of("bot.zip", pack({"data/nlu.yml": b"nlu: []", "__MACOSX/a": b"x"}))
    assert dict(folder) == dict(archive) == {"data/nlu.yml": b"nlu: []"}
    assert folder.is_folder
    assert archive.is_folder
    one = open_source(tmp_path / "bot" / "data" / "nlu.yml")
    assert (dict(one), one.is_folder) == ({"nlu.yml": b"nlu: []"}, False)
    assert archive.find("nlu.yml") == ["data/nlu.yml"]
    assert one.only() == "nlu.yml"


@pytest.mark.parametrize(
    "path",
    [
        "credentials.yml",
        "endpoints.production.yml",
        "botfront/bfconfig.yml",
        "secrets.json",
        "appsettings.Development.json",
        ".env",
        ".ssh/config",
        "deploy/server.pem",
        "id_rsa",
        "webhooks/order.json",
    ],
)
def test_a_file_of_keys_is_not_among_others_but_may_come_alone(path: str) -> None:
    assert list(source_of("bot.zip", pack({path: b"x", "nlu.yml": b"nlu: []"}))) == ["nlu.yml"]
    name = path.rsplit("/", 1)[-1]
    assert name.startswith(".") or dict(source_of(name, b"x")) == {name: b"x"}


@pytest.mark.parametrize("path", ["intents/credentials.json", "qna/secrets.json", "./nlu.yml"])
def test_an_intent_may_be_called_after_keys(path: str) -> None:
    assert list(source_of("bot.zip", pack({path: b"x"}))) == [path]


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "nlu.yml").symlink_to(tmp_path / "secret")
    assert dict(open_source(tmp_path / "bot")) == {}


@pytest.mark.parametrize("path", ["../nlu.yml", "/etc/nlu.yml", "a/../../b", "a\\..\\..\\b"])
def test_an_archive_whose_paths_lead_out_of_it_is_refused(path: str) -> None:
    assert refusal("bot.zip", pack({path: b"x"})) == (
        "bot.zip: has a path that leads out of its folder"
    )


def test_what_is_not_read_may_be_large_and_what_is_read_may_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "MOST_FILE_BYTES", 1_000_000)
    monkeypatch.setattr(sources, "MOST_BYTES", 1_500_000)
    source = source_of("bot.zip", pack({"a": bytes(1_000_000), "b": b"x", "c": bytes(1_000_001)}))
    assert source["b"] == b"x"
    assert [len(source["a"]) for _ in range(3)] == [1_000_000] * 3, "it counts once"
    with pytest.raises(InvalidCatalogue, match="c: is larger than 1 MB"):
        source["c"]
    many = source_of("bot.zip", pack({"a": bytes(1_000_000), "b": bytes(1_000_000)}))
    assert len(many["a"]) == 1_000_000
    with pytest.raises(InvalidCatalogue, match="bot.zip: holds more than 1 MB"):
        many["b"]


def test_an_archive_of_too_many_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 3)
    assert "holds more than 3 files" in refusal("a.zip", pack(dict.fromkeys("abcd", b"")))


def test_a_member_without_a_name_is_no_file() -> None:
    nameless = archive({"": b"x", "nlu.yml": b"y"})
    assert dict(source_of("bot.zip", nameless)) == {"nlu.yml": b"y"}


def test_a_damaged_archive_is_refused() -> None:
    whole = pack({"nlu.yml": b"some text that is long enough to be packed " * 9})
    assert refusal("bot.zip", whole[: len(whole) // 2]) == "bot.zip: cannot be unpacked"
    damaged = whole.replace(whole[45:60], bytes(15))
    assert "cannot be unpacked" in refusal("bot.zip", damaged)


def test_a_workbook_is_one_file() -> None:
    content = pack({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>"})
    source = source_of("faq.xlsx", content)
    assert (list(source), source.is_folder) == (["faq.xlsx"], False)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidCatalogue, match="there is no such file or folder"):
        open_source(tmp_path / "none")


@pytest.mark.parametrize("at", range(0, 60, 3))
def test_an_archive_that_is_damaged_anywhere_is_refused_and_nothing_else(at: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", bytes(range(256)) * 4)
    damaged = bytearray(content.getvalue())
    damaged[30 + at] ^= 0xFF
    try:
        source = source_of("a.zip", bytes(damaged))
        found = {path: source[path] for path in source}
    except InvalidCatalogue:
        found = {}
    assert len(found) < 2
