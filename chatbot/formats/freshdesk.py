"""Solution articles of Freshdesk: categories, folders and articles as its interface gives them.

Lists of articles, folders and categories, in one file or several, or a tree of category, folder and
article. Drafts, and articles in folders that not everybody may see, are disabled.
"""

from collections.abc import Iterator
from typing import Any

from chatbot.formats.articles import Article, Centre, Found, Record, Shelf, key_of, text_of
from chatbot.formats.html import to_markdown

_BODIES = ("description", "description_text", "desc_un_html")
_OWN = {"folder_id", "description_text", "seo_data", "agent_id", "desc_un_html", "thumbs_up"}
_FOLDER_ONLY = {"visibility", "articles_count", "company_ids", "folders", "articles"}
_DRAFTS, _PUBLISHED = (1, "1", "draft"), (2, "2", "published")
_SEEN_BY_ALL = (1, "1", "all", "all_users", None)
_TICKETS = "holds tickets of Freshdesk, not solution articles"
_FOLDERS = "holds categories or folders of Freshdesk, but no articles"


def _is_article(record: Record) -> bool:
    has_text = any(key in record for key in _BODIES) and "title" in record
    is_other = _FOLDER_ONLY & record.keys() or "requester_id" in record or "body" in record
    return has_text and not is_other and "status" in record and len(_OWN & record.keys()) > 0


def _is_other(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return None
    if {"requester_id", "subject", "status"} <= first.keys():
        return _TICKETS
    is_folder = {"name", "description", "visibility", "articles_count"} <= first.keys()
    return _FOLDERS if is_folder or "visible_in_portals" in first else None


def _read(found: Found, shelf: Shelf) -> Iterator[Article]:
    record = found.record
    folder = shelf.folder(record.get("folder_id"), having="visibility")
    category = shelf.folder(record.get("category_id"))
    language = text_of(record, "language", "language_code").lower()
    yield Article(
        key=key_of(record, language),
        title=text_of(record, "title"),
        text=to_markdown(text_of(record, *_BODIES)),
        place=found.place,
        topic=found.topic(folder.get("name"), category.get("name")),
        address=text_of(record, "html_url", "public_url", "url"),
        language=language,
        enabled=_is_enabled(record, folder or found.parent),
    )


def _is_enabled(record: Record, folder: Record) -> bool | None:
    """Whether it is published: the status is a number, and it is the folder that says to whom."""
    if _is_one_of(record.get("status"), _DRAFTS) or _is_seen_by_some(folder):
        return False
    return True if _is_one_of(record.get("status"), _PUBLISHED) else None


def _is_seen_by_some(folder: Record) -> bool:
    return "visibility" in folder and not _is_one_of(folder["visibility"], _SEEN_BY_ALL)


def _is_one_of(value: Any, known: tuple[object, ...]) -> bool:
    return (value.lower() if isinstance(value, str) else value) in known


FORMAT = Centre(
    name="freshdesk",
    title="Freshdesk: solution articles as JSON",
    is_article=_is_article,
    read=_read,
    is_other=_is_other,
).as_format()
