from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.services.knowledge.catalogue_files import read_catalogue_files

REPOSITORY = Path(__file__).parents[4]


def mistakes(path: Path) -> list[str]:
    with pytest.raises(InvalidCatalogue) as refused:
        read_catalogue_files(path)
    assert str(refused.value) == "\n".join(map(str, refused.value.mistakes))
    return [str(mistake) for mistake in refused.value.mistakes]


def test_a_folder_without_intents_is_refused(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == [f"{tmp_path}: has no intents/*.yaml"]


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "faq.csv"
    assert mistakes(missing) == [f"{missing}: there is no such file or folder"]


def test_the_faq_that_comes_with_the_program_has_no_mistakes() -> None:
    draft = read_catalogue_files(REPOSITORY / "faq_data")
    assert len(draft.intents) == 70
    assert all(len(d.utterances) >= 10 and d.held_out for d in draft.intents.values())
    assert len(draft.out_of_scope) >= 100
