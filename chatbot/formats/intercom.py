"""Articles of an Intercom help center: `{"type": "list", "data": […]}` as its interface gives them.

Each may have its title, body and state in further languages under `translated_content`, which are
intents of their own. Names of collections come from further files.
"""

from collections.abc import Iterator
from typing import Any

from chatbot.formats.articles import Article, Centre, Found, Record, Shelf, key_of, text_of
from chatbot.formats.html import to_markdown

_OWN = {"workspace_id", "author_id", "translated_content", "default_locale", "parent_id"}
_COLLECTIONS = "holds collections of an Intercom help center, but no articles"
_CONVERSATIONS = "holds conversations or contacts of Intercom, not articles"
_OTHERS = {
    "collection": _COLLECTIONS,
    "section": _COLLECTIONS,
    "conversation": _CONVERSATIONS,
    "contact": _CONVERSATIONS,
    "ticket": _CONVERSATIONS,
}


def _is_article(record: Record) -> bool:
    is_one = record.get("type") in ("article", "internal_article") or "state" in record
    has_text = {"title", "body"} <= record.keys() and record.get("type") != "article_content"
    return has_text and is_one and len(_OWN & record.keys()) > 1


def _is_other(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    if value.get("type") == "conversation.list":
        return _CONVERSATIONS
    listed = value.get("data")
    first = listed[0] if isinstance(listed, list) and listed else value
    kind = first.get("type") if isinstance(first, dict) else None
    is_whole = isinstance(first, dict) and _is_of_intercom(first)
    return _OTHERS.get(kind) if isinstance(kind, str) and is_whole else None


def _is_of_intercom(record: Record) -> bool:
    return "workspace_id" in record or "created_at" in record


def _read(found: Found, shelf: Shelf) -> Iterator[Article]:
    record = found.record
    own = text_of(record, "default_locale").lower()
    yield _article(found, record, own, "", shelf)
    translated = record.get("translated_content")
    for language, content in translated.items() if isinstance(translated, dict) else ():
        if isinstance(content, dict) and language.lower() != own and _says_something(content):
            yield _article(found, content, language.lower(), language.lower(), shelf)


def _says_something(content: Record) -> bool:
    """Whether it is a translation that was begun: Intercom lists empty ones too."""
    return bool(text_of(content, "title") or text_of(content, "body"))


def _article(found: Found, content: Record, language: str, suffix: str, shelf: Shelf) -> Article:
    parent = shelf.folder(found.record.get("parent_id"))
    return Article(
        key=key_of(found.record, suffix),
        title=text_of(content, "title"),
        text=to_markdown(text_of(content, "body")),
        place=found.place,
        topic=found.topic(parent.get("name")),
        address=text_of(content, "url"),
        language=language,
        original=text_of(found.record, "default_locale").lower(),
        enabled=_is_enabled(content, found.record),
    )


def _is_enabled(content: Record, record: Record) -> bool | None:
    """Whether visitors may read it: an internal article is for colleagues."""
    if record.get("type") == "internal_article" or content.get("state") == "draft":
        return False
    return True if content.get("state") == "published" else None


FORMAT = Centre(
    name="intercom",
    title="Intercom help center: articles as JSON",
    is_article=_is_article,
    read=_read,
    is_other=_is_other,
).as_format()
