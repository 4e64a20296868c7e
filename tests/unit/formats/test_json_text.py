import json

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.json_text import decode, load, try_load
from chatbot.formats.source import source_of

WHOLE = "\N{SLIGHTLY SMILING FACE}"
AS_HALVES = "".join(
    chr(int.from_bytes(WHOLE.encode("utf-16-be")[i : i + 2], "big")) for i in (0, 2)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_the_encodings_that_programs_write(encoding: str) -> None:
    assert load('{"text": "Büro"}'.encode(encoding), "a.json") == {"text": "Büro"}


def test_halves_of_pairs_become_their_character() -> None:
    """As older Java programs write UTF-8; strict decoding loses the whole file."""
    content = b'["' + AS_HALVES.encode("utf-8", "surrogatepass") + b'"]'
    assert load(content, "a.json") == [WHOLE]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": \xfc}', "is not UTF-8 (byte 6); save it as UTF-8"),
        (b'["\xed\xa0\x80"]', "is not UTF-8"),
        (b'{"a": 1,\n}', "is not JSON"),
        (b"", "is not JSON"),
        (b"[NaN]", "is not JSON: NaN is no number"),
        (b"[" * 100 + b"]" * 100, "is nested too deeply"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" + b"9" * 5_000 + b"]", "is not JSON"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidCatalogue) as caught:
        load(content, "a.json")
    assert caught.value.mistakes[0].reason.startswith(reason)


def test_a_mistake_names_its_line() -> None:
    with pytest.raises(InvalidCatalogue) as caught:
        load(b'{"a": 1,\n "b" 2}', "a.json")
    assert caught.value.mistakes[0].line == 2


def test_a_file_is_parsed_once_however_many_formats_ask() -> None:
    source = source_of("a.json", json.dumps({"a": [1]}).encode())
    first = try_load(source, "a.json")
    assert first == {"a": [1]}
    assert try_load(source, "a.json") is first


@pytest.mark.parametrize("content", [b"text,intent\n", b'{"a"', b"", b"\x00\x01"])
def test_what_is_no_json_is_none_to_who_only_looks(content: bytes) -> None:
    assert try_load(source_of("a", content), "a") is None


def test_a_half_that_stands_alone_is_no_text() -> None:
    with pytest.raises(InvalidCatalogue):
        decode(b"\xed\xa0\x80", "a.txt")
