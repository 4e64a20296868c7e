"""What people bring and no reader takes: documents, and addresses of pages instead of the pages.

They are told by their content, so that whoever brings them learns what to bring instead.
"""

import re
from collections.abc import Callable

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.own_csv import knows_columns
from chatbot.formats.source import Source
from chatbot.formats.tables import column_names

_BRING = "save it as HTML or Markdown and bring that"
_PDF = f"is a PDF, which is not read: {_BRING}, from the document that it was made of"
_WORD = f"is a document of a word processor, which is not read: {_BRING}"
_ADDRESSES = (
    "holds addresses of pages, and no page is fetched: save the pages as HTML or Markdown and bring"
    " their folder, or an archive of it"
)
_TABLE = (
    "is a table in a web page or in XML, which some programs save as .xls: open it in a spreadsheet"
    " and save it as .xlsx or CSV"
)
_SPREADSHEET_XML = b"urn:schemas-microsoft-com:office:spreadsheet"
_FIRST_ROW = re.compile(rb"<tr\b[^<>]{0,500}>(.{1,5000}?)</tr", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(rb"<t[dh]\b[^<>]{0,500}>(.{0,500}?)</t[dh]", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(rb"<[^<>]{0,500}>")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.text"
_WORD_STREAM = "WordDocument".encode("utf-16-le")
_SITEMAP = re.compile(
    rb"\s*(?:<\?[^<>]{0,300}>\s*|<!--[^<>]{0,500}-->\s*)*<(?:urlset|sitemapindex)"
)
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,;\"'<>]+")
_MOST_ADDRESSES = 1_000
_HEAD = 200_000


def _document(source: Source) -> str | None:
    """Return why a source of documents only is not read, or None for another."""
    if not source or len(source) > _MOST_ADDRESSES:
        return None
    if "mimetype" in source and "content.xml" in source:
        return _WORD if source["mimetype"].startswith(_OPEN_DOCUMENT) else None
    first = None
    for path in source:
        reason = _document_of(source[path])
        if reason is None:
            return None
        first = first or reason
    return first


def _document_of(content: bytes) -> str | None:
    head = content[:_HEAD]
    if head[:1024].lstrip().startswith(b"%PDF-"):
        return _PDF
    is_word = head.startswith(_OLE) and _WORD_STREAM in content
    is_office = head.startswith(b"PK\x03\x04") and b"word/document.xml" in content
    return _WORD if is_word or is_office or head.startswith(rb"{\rtf") else None


def _table(source: Source) -> str | None:
    """Return why a table that is no file of a spreadsheet is not read, or None for another."""
    path = source.only()
    if path is None:
        return None
    head = source[path][:_HEAD]
    if _SPREADSHEET_XML in head[:2_000]:
        return _TABLE
    row = _FIRST_ROW.search(head)
    cells = [_TAG.sub(b"", cell) for cell in _CELL.findall(row[1])] if row else []
    names = column_names([cell.decode("utf-8", "replace") for cell in cells])
    return _TABLE if knows_columns(names) else None


def _addresses(source: Source) -> str | None:
    """Return why a list of addresses is not read, or None for something else."""
    path = source.only()
    if path is None:
        return None
    content = source[path]
    if _SITEMAP.match(content.removeprefix(b"\xef\xbb\xbf")):
        return _ADDRESSES
    words = _SEPARATORS.split(content[:_HEAD].decode("utf-8-sig", "replace").strip())
    listed = [word.strip("[]") for word in words[:_MOST_ADDRESSES] if word.strip("[]")]
    is_list = bool(listed) and all(map(_ADDRESS.fullmatch, listed))
    return _ADDRESSES if is_list else None


def _refuses(name: str, title: str, why: Callable[[Source], str | None]) -> Format:
    def sniff(source: Source) -> bool:
        try:
            return why(source) is not None
        except InvalidCatalogue:
            return False

    def read(source: Source) -> CatalogueDraft:
        raise InvalidCatalogue([Mistake(source.name, 0, why(source) or "cannot be read")])

    return Format(name=name, title=title, sniff=sniff, read=read)


DOCUMENTS = _refuses("documents", "PDF and Word, which are refused", _document)
TABLES = _refuses("tables", "Tables in HTML or XML, which are refused", _table)
ADDRESSES = _refuses("addresses", "Addresses of pages, which are refused", _addresses)
