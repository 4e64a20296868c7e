import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.articles import ANOTHER_VERSION, CUT, NO_TEXT, NO_TITLE
from chatbot.formats.draft import CatalogueDraft, IntentDraft, Others
from chatbot.formats.gathering import ANSWER_TOO_LONG
from chatbot.formats.registry import FORMATS, get_format, read_path, read_source
from chatbot.formats.source import source_of

JSON = dict[str, Any]
LONG = "<p>A paragraph of some length.</p>" * 900


def zendesk(number: int = 7, **given: Any) -> JSON:
    return {
        "id": number,
        "url": f"https://invented.example/api/v2/articles/{number}.json",
        "html_url": f"https://invented.example/hc/en-us/articles/{number}",
        "title": "Return a book",
        "body": "<p>Use the <b>box</b> at the door.</p>",
        "locale": "en-us",
        "source_locale": "en-us",
        "section_id": 5,
        "permission_group_id": 3,
        "user_segment_id": None,
        "draft": False,
        "outdated": False,
        **given,
    }


def freshdesk(number: int = 7, **given: Any) -> JSON:
    return {
        "id": number,
        "type": 1,
        "title": "Return a book",
        "description": "<div>Use the <b>box</b> at the door.</div>",
        "description_text": "Use the box at the door.",
        "status": 2,
        "folder_id": 5,
        "category_id": 4,
        "agent_id": 1,
        **given,
    }


def chatwoot(number: int = 7, **given: Any) -> JSON:
    return {
        "id": number,
        "slug": "1690-return-a-book",
        "title": "Return a book",
        "content": "Use the **box** at the door.",
        "status": "published",
        "account_id": 1,
        "position": 10,
        "category": {"id": 5, "name": "Lending", "slug": "lending", "locale": "en"},
        **given,
    }


def intercom(number: int = 7, **given: Any) -> JSON:
    return {
        "id": str(number),
        "type": "article",
        "workspace_id": "w1",
        "title": "Return a book",
        "body": "<p>Use the <b>box</b> at the door.</p>",
        "author_id": 3,
        "state": "published",
        "url": f"https://invented.example/en/articles/{number}",
        "parent_id": 5,
        "default_locale": "en",
        **given,
    }


MADE = {"zendesk": zendesk, "freshdesk": freshdesk, "chatwoot": chatwoot, "intercom": intercom}


def pages(product: str, *articles: JSON) -> Any:
    """What the interface of a product answers."""
    return {
        "zendesk": {"count": len(articles), "next_page": None, "articles": list(articles)},
        "freshdesk": list(articles),
        "chatwoot": {"payload": list(articles), "meta": {"articles_count": len(articles)}},
        "intercom": {"type": "list", "pages": {}, "total_count": 1, "data": list(articles)},
    }[product]


def read(*values: Any) -> CatalogueDraft:
    """Read one file, or an archive of several."""
    if len(values) == 1:
        return read_source(source_of("export.json", json.dumps(values[0]).encode()))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, value in enumerate(values):
            archive.writestr(f"export/{number}.json", json.dumps(value))
    return read_source(source_of("export.zip", file.getvalue()))


def only(draft: CatalogueDraft) -> IntentDraft:
    [intent] = draft.intents.values()
    return intent


def refusal(value: Any) -> str:
    with pytest.raises(InvalidCatalogue) as refused:
        read(value)
    return str(refused.value)


def reasons(draft: CatalogueDraft) -> list[str]:
    return [each.reason for each in draft.left_out]


@pytest.mark.parametrize("product", MADE)
def test_an_article_is_an_intent_with_its_title_and_answer(product: str) -> None:
    draft = read(pages(product, MADE[product]()))
    assert draft.format == product
    intent = only(draft)
    assert (intent.name, intent.title) == ("article-7", "Return a book")
    assert intent.answer == "Use the **box** at the door."
    assert (intent.utterances, intent.enabled) == ([], True)


@pytest.mark.parametrize("product", MADE)
def test_a_title_that_is_a_question_is_an_utterance_too(product: str) -> None:
    draft = read(pages(product, MADE[product](title="How do I return a book?")))
    assert only(draft).utterances == ["How do I return a book?"]
    assert sum(draft.languages.values()) == (product != "freshdesk")


@pytest.mark.parametrize("product", MADE)
def test_articles_are_found_one_a_line_and_in_bare_lists(product: str) -> None:
    make = MADE[product]
    lines = "\n".join(json.dumps(make(number)) for number in (1, 2))
    by_line = read_source(source_of("export.jsonl", lines.encode()))
    assert (by_line.format, list(by_line.intents)) == (product, ["article-1", "article-2"])
    assert read([make(1), make(2)]).intents == by_line.intents
    assert read({"kept": {"of": [make(1), make(2)]}}).intents == by_line.intents


@pytest.mark.parametrize("product", MADE)
def test_the_order_of_files_does_not_matter(product: str) -> None:
    make = MADE[product]
    one, other = pages(product, make(1)), pages(product, make(2), make(1, title="Return"))
    there, back = read(one, other), read(other, one)
    assert there.intents == back.intents
    assert reasons(there) == reasons(back) == [ANOTHER_VERSION]


@pytest.mark.parametrize("product", MADE)
def test_an_article_that_says_nothing_is_left_out(product: str) -> None:
    empty = {"body": None, "description": " ", "description_text": None, "content": 5}
    own = MADE[product]
    given = {key: value for key, value in empty.items() if key in own()}
    draft = read(pages(product, own(1, **given), own(2, title=None), own(3)))
    assert list(draft.intents) == ["article-3"]
    assert sorted(reasons(draft)) == sorted([NO_TEXT, NO_TITLE])


@pytest.mark.parametrize("product", ["zendesk", "intercom"])
def test_an_answer_that_is_too_long_ends_with_a_link_to_the_rest(product: str) -> None:
    draft = read(pages(product, MADE[product](body=LONG)))
    answer = only(draft).answer or ""
    assert len(answer) <= 20_000
    assert answer.startswith("A paragraph of some length.\n\nA paragraph")
    assert "length.\n\n[Return a book](https://invented.example/" in answer
    assert reasons(draft) == [CUT]


def test_an_answer_that_is_too_long_is_left_out_where_there_is_no_link() -> None:
    draft = read(pages("freshdesk", freshdesk(description=LONG)))
    assert only(draft).answer is None
    assert reasons(draft) == [ANSWER_TOO_LONG]


DISABLED = {
    "zendesk-draft": zendesk(draft=True),
    "zendesk-outdated": zendesk(outdated=True),
    "zendesk-restricted": zendesk(user_segment_id=12),
    "zendesk-restricted-to-several": zendesk(user_segment_ids=[12]),
    "freshdesk-draft": freshdesk(status=1),
    "chatwoot-draft": chatwoot(status="draft"),
    "chatwoot-archived": chatwoot(status=2),
    "intercom-draft": intercom(state="draft"),
    "intercom-internal": intercom(type="internal_article"),
}


@pytest.mark.parametrize("article", DISABLED.values(), ids=DISABLED)
def test_what_is_not_public_is_disabled(article: JSON) -> None:
    assert only(read([article])).enabled is False


def test_a_topic_is_the_section_or_else_the_category() -> None:
    sections = {"sections": [{"id": 5, "name": "Lending", "category_id": 4}]}
    categories = {"categories": [{"id": 4, "name": "Library"}]}
    page = pages("zendesk", zendesk())
    assert only(read(page, sections, categories)).topic == "Lending"
    assert only(read({**page, **sections})).topic == "Lending"
    assert only(read(page)).topic == ""


def test_a_tree_of_a_help_centre_is_read() -> None:
    tree = {"name": "Library", "sections": [{"name": "Lending", "articles": [
        {"id": 1, "title": "Return", "body_html": "<p>Box.</p>", "locale": "es"},
        {"id": 1, "title": "Devolver", "body_html": "<p>Caja.</p>", "locale": "en"},
    ]}]}  # fmt: skip
    draft = read(tree)
    assert draft.format == "zendesk"
    assert {each.topic for each in draft.intents.values()} == {"Lending"}


def test_of_translations_one_language_is_taken() -> None:
    spanish = {"locale": "es", "title": "¿Cómo devolver?", "body": "<p>Caja.</p>", "draft": True}
    english = {"locale": "en-us", "title": "Return a book", "body": zendesk()["body"]}
    inside = read(pages("zendesk", zendesk(translations=[spanish, english])))
    rows = [{**each, "source_id": 7, "source_type": "Article"} for each in (spanish, english)]
    beside = read(pages("zendesk", zendesk()), {"translations": rows})
    both = pages("zendesk", zendesk(translations=[spanish, english]))
    wanted = read_source(source_of("a.json", json.dumps(both).encode()), "es")
    for draft in (inside, beside):
        assert list(draft.intents) == ["article-7"]
        assert draft.others == {"es": Others(utterances=1, answers=1)}
        assert draft.languages == {"es": 1}
    assert list(wanted.intents) == ["article-7-es"]
    assert wanted.intents["article-7-es"].answer == "Caja."
    assert wanted.intents["article-7-es"].enabled is False


def test_a_translation_is_restricted_as_its_article_is() -> None:
    spanish = {"locale": "es", "title": "Devolver", "body": "Caja.", "draft": False}
    content = json.dumps(pages("zendesk", zendesk(user_segment_id=1, translations=[spanish])))
    for language in ("en", "es"):
        draft = read_source(source_of("a.json", content.encode()), language)
        assert [each.enabled for each in draft.intents.values()] == [False]


def test_of_translations_of_intercom_one_language_is_taken() -> None:
    translated = {
        "type": "article_translated_content",
        "en": {"type": "article_content", "title": "Return a book", "body": "x", "state": "draft"},
        "fr": {"type": "article_content", "title": "Où ?", "body": "Boîte.", "state": "draft"},
        "de": {"type": "article_content", "title": "", "body": "", "state": "draft"},
        "it": None,
    }
    content = json.dumps(pages("intercom", intercom(translated_content=translated)))
    draft = read_source(source_of("a.json", content.encode()), "fr")
    french = draft.intents["article-7-fr"]
    assert list(draft.intents) == ["article-7-fr"]
    assert (french.title, french.answer, french.enabled) == ("Où ?", "Boîte.", False)
    assert (draft.languages, draft.others) == ({"fr": 1}, {"en": Others(answers=1)})


def test_collections_of_intercom_name_topics() -> None:
    collections = {"type": "list", "data": [{"id": "5", "type": "collection", "name": "Lending"}]}
    assert only(read(pages("intercom", intercom()), collections)).topic == "Lending"


@pytest.mark.parametrize(("visibility", "enabled"), [(1, True), (2, False), (3, False)])
def test_a_folder_of_freshdesk_says_who_may_see_its_articles(
    visibility: int, enabled: bool
) -> None:
    folder = {"id": 5, "name": "Lending", "description": "", "visibility": visibility}
    beside = only(read([freshdesk()], [folder]))
    around = only(read({"category": {"name": "Library", "folders": [
        {**folder, "articles": [freshdesk()]}]}}))  # fmt: skip
    assert (beside.topic, beside.enabled) == ("Lending", enabled)
    assert (around.topic, around.enabled) == ("Lending", enabled)


def test_a_folder_and_a_category_of_freshdesk_may_have_one_number() -> None:
    folder = {"id": 5, "name": "Lending", "visibility": 1}
    category = {"id": 5, "name": "Library", "description": "x"}
    assert only(read([freshdesk()], [category], [folder])).topic == "Lending"


def test_the_text_of_chatwoot_is_markdown_without_html() -> None:
    content = "# A\n\n- *x*<br>\n\n```html\n<b>kept</b>\n```\n\n<img src='/p.png' alt='p'> `<i>`"
    answer = only(read(pages("chatwoot", chatwoot(content=content)))).answer
    assert answer == "# A\n\n- *x*\n\n```html\n<b>kept</b>\n```\n\n![p](/p.png) `<i>`"


def test_the_category_of_chatwoot_is_topic_and_language() -> None:
    draft = read(pages("chatwoot", chatwoot(title="Where?")))
    assert (only(draft).topic, draft.languages) == ("Lending", {"en": 1})


OTHERS = {
    "zendesk-tickets": ({"tickets": [{"id": 1}], "next_page": None}, "tickets of Zendesk"),
    "zendesk-sections": (
        {"sections": [{"id": 1, "name": "A", "locale": "en", "html_url": "x"}]},
        "sections or categories",
    ),
    "freshdesk-tickets": ([{"requester_id": 1, "subject": "secret", "status": 2}], "tickets of Freshdesk"),
    "chatwoot-portals": ({"payload": [{"homepage_link": "", "name": "x"}]}, "portals or categories"),
    "chatwoot-conversations": ({"data": {"meta": {}, "payload": []}}, "conversations of Chatwoot"),
    "intercom-conversations": ({"type": "conversation.list", "conversations": []}, "conversations or contacts"),
    "intercom-collections": ({"type": "list", "data": [{"type": "collection", "workspace_id": "w"}]}, "collections of an Intercom"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "named"), OTHERS.values(), ids=OTHERS)
def test_another_kind_of_file_of_a_product_is_named(value: Any, named: str) -> None:
    assert named in refusal(value)
    assert "secret" not in refusal(value)


NOT_OURS = {
    "luis": {"luis_schema_version": "6.0.0", "intents": [], "utterances": []},
    "watson": {"intents": [], "dialog_nodes": [{"title": "x", "output": {}}], "language": "en"},
    "botpress": {"qnas": [{"id": "x", "data": {"answers": {}}}]},
    "hand-made": [{"title": "x", "content": "y"}, {"question": "x", "answer": "y", "tags": []}],
    "number": 5,
    "nothing": None,
}


@pytest.mark.parametrize("value", NOT_OURS.values(), ids=NOT_OURS)
def test_files_of_other_products_are_not_taken(value: Any) -> None:
    source = source_of("export.json", json.dumps(value).encode())
    taken = [each.name for each in FORMATS if each.name in MADE and each.sniff(source)]
    assert taken == []


def spoilt(article: JSON) -> list[JSON]:
    """The article with each of its fields of a wrong type, or missing."""
    wrong: list[Any] = [None, 5, -1.5, True, "", "x", [], [[]], {}, {"x": None}]
    changed = [{**article, key: value} for key in article for value in wrong]
    without = [{k: v for k, v in article.items() if k != key} for key in article]
    return changed + without


@pytest.mark.parametrize("product", MADE)
def test_wrong_types_are_left_out_or_refused(product: str) -> None:
    extra = {"translations": 5, "translated_content": [], "user_segment_ids": 5, "locale": []}
    article = {**MADE[product](), **extra}
    for each in spoilt(article):
        found = get_format(product)
        content = json.dumps(pages(product, each, MADE[product](2))).encode()
        assert len(found.read(source_of("export.json", content)).intents) >= 1


@pytest.mark.parametrize("product", MADE)
def test_a_file_that_was_cut_is_refused(product: str, tmp_path: Path) -> None:
    content = json.dumps(pages(product, MADE[product]())).encode()
    for end in (0, 1, len(content) // 2, len(content) - 1):
        path = tmp_path / "export.json"
        path.write_bytes(content[:end])
        with pytest.raises(InvalidCatalogue):
            read_path(path)


def test_a_damaged_line_is_named() -> None:
    lines = f"{json.dumps(zendesk(1))}\n{json.dumps(zendesk(2))}\n{{\n"
    found = get_format("zendesk")
    with pytest.raises(InvalidCatalogue, match="export.jsonl:3: is not JSON"):
        found.read(source_of("export.jsonl", lines.encode()))


def test_many_objects_are_read_in_time() -> None:
    with pytest.raises(InvalidCatalogue):
        read({"articles": [{"a": {"b": []}}] * 50_000})
