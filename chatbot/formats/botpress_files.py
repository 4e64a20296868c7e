"""The files of Botpress 12, and the entries of questions and answers in them.

An entry is a file in `qna/`, or one of the `qnas` of an export. The oldest have lists where newer
ones have dictionaries by language.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from chatbot.formats.gathering import Place
from chatbot.formats.json_values import object_of, text_of
from chatbot.formats.source import Source

FOLDER = "qna"
_WORDS = (b'"questions"', b'"answers"', b'"data"')
_COLUMNS = ["id", "question", "answer"]


@dataclass(frozen=True)
class Said:
    """A text in a language, which the oldest files do not tell."""

    language: str
    text: str


@dataclass
class Entry:
    """An entry of questions and answers, as it stands in a file."""

    label: str
    data: dict[str, Any]
    place: Place
    questions: list[Said] = field(default_factory=list)


def entry_of(raw: Any, file_stem: str, place: Place) -> Entry | None:
    if not _is_entry(raw):
        return None
    data = object_of(raw.get("data")) or raw
    questions = list(all_said(data.get("questions")))
    label = text_of(raw.get("id")) or file_stem or (questions[0].text if questions else "")
    return Entry(label, data, place, questions) if label else None


def _is_entry(raw: Any) -> bool:
    return isinstance(raw, dict) and isinstance(
        object_of(raw.get("data")).get("questions"), dict | list
    )


def is_export(said: Any) -> bool:
    if isinstance(said, dict) and "qnas" in said:
        return True
    return _is_entry(said) or (isinstance(said, list) and any(map(_is_entry, said[:10])))


def answers_of(data: dict[str, Any]) -> Iterator[Said]:
    """Yield all answers; the oldest entries have one, without a language."""
    yield from all_said(data.get("answers"))
    if isinstance(data.get("answer"), str):
        yield Said("", data["answer"])


def all_said(raw: Any) -> Iterator[Said]:
    """Yield texts from a dictionary of lists by language, or from a list without one."""
    by_language = raw if isinstance(raw, dict) else {"": raw}
    for language, texts in by_language.items():
        for each in texts if isinstance(texts, list) else [texts]:
            if isinstance(each, str) and each.strip():
                yield Said(language, each)


def count_no_text(raw: Any) -> int:
    lists = raw.values() if isinstance(raw, dict) else [raw]
    return sum(
        not isinstance(each, str) for texts in lists if isinstance(texts, list) for each in texts
    )


def paths_in(source: Source, folder: str) -> list[str]:
    """The JSON files that lie in a folder of this name, wherever it is; none of a single file."""
    paths = (PurePosixPath(path) for path in sorted(source))
    return [str(p) for p in paths if p.parent.name == folder and p.suffix.lower() == ".json"]


def find_candidates(source: Source) -> list[str]:
    """The JSON files that may have entries: those in `qna`, and those with the words for it."""
    return [
        path
        for path in sorted(source)
        if path.lower().endswith(".json")
        and (folder_of(path) == FOLDER or all(word in source[path] for word in _WORDS))
    ]


def folder_of(path: str) -> str:
    return PurePosixPath(path).parent.name


def is_table(content: bytes) -> bool:
    header = content[:200].lstrip(b"\xef\xbb\xbf").split(b"\n")[0]
    cells = header.strip().decode("ascii", "replace").casefold().split(",")
    return [cell.strip('" ') for cell in cells] == _COLUMNS
