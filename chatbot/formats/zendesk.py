"""Articles of a Zendesk help centre, as its interface gives them and as programs keep them.

Pages `{"articles": […]}`, with sections, categories and translations beside them or in files of
their own; bare lists; lines of JSON; and trees of category, section and article with `body_html`.
Who may not see an article there finds it disabled here: drafts, outdated and restricted ones.
"""

from collections.abc import Iterator
from typing import Any

from chatbot.formats.articles import Article, Centre, Found, Record, Shelf, is_key, key_of, text_of
from chatbot.formats.html import to_markdown

_BODIES = ("body", "body_html")
_OWN = {
    "source_locale",
    "section_id",
    "user_segment_id",
    "permission_group_id",
    "label_names",
    "content_tag_ids",
    "html_url",
    "comments_disabled",
    "vote_sum",
    "body_html",
    "source_updated_at",
}
_TICKETS = "holds tickets of Zendesk, not articles of its help centre"
_FOLDERS = "holds sections or categories of a Zendesk help centre, but no articles"
_COMMENTS = "holds comments or posts of a Zendesk help centre, but no articles"


def _is_article(record: Record) -> bool:
    is_translation = "source_id" in record and "locale" in record
    if record.get("type") == "article" and "author_id" in record and "state" in record:
        return False
    has_text = any(key in record for key in _BODIES)
    return "title" in record and has_text and (is_translation or len(_OWN & record.keys()) > 0)


def _is_other(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    if "tickets" in value and {"next_page", "count", "after_cursor"} & value.keys():
        return _TICKETS
    for kind, reason in (("sections", _FOLDERS), ("categories", _FOLDERS), ("posts", _COMMENTS)):
        listed = value.get(kind)
        first = listed[0] if isinstance(listed, list) and listed else None
        if isinstance(first, dict) and "html_url" in first and "locale" in first:
            return reason
    return None


def _read(found: Found, shelf: Shelf) -> Iterator[Article]:
    owner = shelf.article(found.record.get("source_id"))
    yield _article(found, found.record, owner or found.record, shelf)
    translations = found.record.get("translations")
    for each in translations if isinstance(translations, list) else ():
        if isinstance(each, dict) and "title" in each:
            yield _article(found, each, found.record, shelf)


def _article(found: Found, record: Record, owner: Record, shelf: Shelf) -> Article:
    """Return what `record` says: an article, or a translation of its `owner`."""
    language = text_of(record, "locale").lower()
    source = text_of(owner, "source_locale").lower() or text_of(owner, "locale").lower()
    is_orphan = owner is record and "source_id" in record
    key = record.get("source_id") if is_orphan else owner.get("id")
    section = shelf.folder(owner.get("section_id"))
    category = shelf.folder(section.get("category_id"))
    return Article(
        key=key_of(
            {"title": owner.get("title"), "id": key},
            language if language != source or is_orphan else "",
        ),
        title=text_of(record, "title"),
        text=to_markdown(text_of(record, *_BODIES)),
        place=found.place,
        topic=found.topic(section.get("name"), category.get("name")),
        address=text_of(record, "html_url"),
        language=language,
        original=source,
        enabled=_is_enabled(record, owner),
    )


def _is_enabled(record: Record, owner: Record) -> bool | None:
    """Whether it is published, and to all; a translation is restricted as its article is."""
    is_restricted = is_key(owner.get("user_segment_id")) or bool(owner.get("user_segment_ids"))
    hidden = (record.get(key) is True for key in ("draft", "outdated", "hidden"))
    if is_restricted or any(hidden):
        return False
    return True if record.get("draft") is False else None


FORMAT = Centre(
    name="zendesk",
    title="Zendesk help centre: articles as JSON",
    is_article=_is_article,
    read=_read,
    is_other=_is_other,
).as_format()
