"""Articles of a Chatwoot portal: its interface's `{"payload": […], "meta": {…}}`, or rows of them.

Their text is Markdown. A status is a number (0 draft, 1 published, 2 archived) where it is sent,
and a word where it is answered; all but what is published is disabled.
"""

from collections.abc import Iterator
from typing import Any

from chatbot.formats.articles import Article, Centre, Found, Record, Shelf, key_of, text_of
from chatbot.formats.markdown_pages import without_html

_OWN = {
    "portal_id",
    "portal",
    "account_id",
    "category_id",
    "category",
    "associated_article_id",
    "associated_articles",
    "position",
    "views",
}
_PUBLISHED = (1, "1", "published")
_UNPUBLISHED = (0, "0", "draft", 2, "2", "archived")
_PORTALS = "holds portals or categories of Chatwoot, but no articles"
_CONVERSATIONS = "holds conversations of Chatwoot, not articles of a portal"


def _is_article(record: Record) -> bool:
    has_text = {"title", "content", "status"} <= record.keys()
    is_other = {"body", "message_type", "folder_id"} & record.keys()
    return has_text and not is_other and len(_OWN & record.keys()) > 1


def _is_other(value: Any) -> str | None:
    payload = value.get("payload") if isinstance(value, dict) else None
    inner = value.get("data") if isinstance(value, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("payload"), list):
        return _CONVERSATIONS if "meta" in inner else None
    first = payload[0] if isinstance(payload, list) and payload else payload
    if not isinstance(first, dict):
        return None
    if "message_type" in first or "inbox_id" in first:
        return _CONVERSATIONS
    is_portal = {"homepage_link", "custom_domain"} & first.keys()
    return _PORTALS if is_portal or {"locale", "name", "slug"} <= first.keys() else None


def _read(found: Found, shelf: Shelf) -> Iterator[Article]:
    record = found.record
    inner = record.get("category")
    category = inner if isinstance(inner, dict) else shelf.folder(record.get("category_id"))
    yield Article(
        key=key_of(record),
        title=text_of(record, "title"),
        text=without_html(text_of(record, "content")),
        place=found.place,
        topic=found.topic(category.get("name"), inner),
        address=text_of(record, "url", "link"),
        language=(text_of(record, "locale") or text_of(category, "locale")).lower(),
        enabled=_is_enabled(record.get("status")),
    )


def _is_enabled(status: Any) -> bool | None:
    status = status.lower() if isinstance(status, str) else status
    if status in _UNPUBLISHED:
        return False
    return True if status in _PUBLISHED else None


FORMAT = Centre(
    name="chatwoot",
    title="Chatwoot: articles of a portal as JSON",
    is_article=_is_article,
    read=_read,
    is_other=_is_other,
).as_format()
