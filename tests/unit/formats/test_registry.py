from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.domain.text import clean, normalise
from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.registry import FORMATS, find_format, get_format, read_path, read_source
from chatbot.formats.source import Source, source_of

WRITTEN = [each for each in FORMATS if each.write]
LETTERS = st.characters(categories=["Lu", "Ll", "Lo"])
WORDS = st.text(LETTERS, min_size=1, max_size=12)
SENTENCES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
PHRASINGS = SENTENCES.map(normalise).map(lambda text: clean(text, 500))


@st.composite
def drafts(draw: st.DrawFn) -> CatalogueDraft:
    """Draw a catalogue in which no text stands twice, in any script."""
    texts = iter(draw(st.lists(PHRASINGS, min_size=4, max_size=12, unique_by=normalise)))
    intents = {}
    for number in range(draw(st.integers(1, 3))):
        name = f"intent-{number}"
        own = [text for text, _ in zip(texts, range(2), strict=False)]
        answer = draw(st.sampled_from(["Look at **Parcels**.", "=1+1", "a\n\nb", "| a | b |"]))
        intents[name] = IntentDraft(name, f"Title {number}", "T", answer, utterances=own)
    return CatalogueDraft({k: v for k, v in intents.items() if v.utterances})


def as_source(files: Mapping[str, bytes], folder: Path) -> Source:
    if len(files) == 1:
        [(name, content)] = files.items()
        return source_of(name, content)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    from chatbot.formats.source import open_source

    return open_source(folder)


def said(draft: CatalogueDraft) -> dict[str, tuple[str | None, set[str]]]:
    return {name: (each.answer, set(each.utterances)) for name, each in draft.intents.items()}


def test_names_are_unique_and_find_their_format() -> None:
    assert [get_format(each.name) for each in FORMATS] == list(FORMATS)


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
@settings(deadline=None, max_examples=40)
@given(draft=drafts())
def test_what_is_written_is_found_to_be_of_that_format_and_read_as_it_was(
    form: object, draft: CatalogueDraft, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = next(each for each in WRITTEN if each is form)
    assert own.write is not None
    source = as_source(own.write(draft), tmp_path_factory.mktemp("written"))
    again = read_source(source)
    assert again.format == own.name
    if own.name == "clu":
        texts = [set(each.utterances) for each in again.intents.values()]
        assert texts == [set(each.utterances) for each in draft.intents.values()]
    else:
        assert said(again) == said(draft)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 99,
        b"\x89PNG\r\n",
        b"{",
        b"[1, 2]",
        b"a,b\n1",
        b"PK\x03\x04",
        b"%PDF-",
    ],
)
def test_whatever_is_no_faq_is_refused_and_nothing_else(content: bytes) -> None:
    with pytest.raises(InvalidCatalogue):
        read_source(source_of("file", content))


def test_a_folder_of_nothing_is_in_no_format(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"x")
    with pytest.raises(InvalidCatalogue, match="in no format that is known"):
        read_path(tmp_path)


def test_a_draft_says_its_format() -> None:
    source = source_of("faq.csv", b"text,intent\nno wifi,wifi\n")
    assert read_source(source).format == find_format(source).name == "csv"
