"""Page through lists: an opaque cursor says where the last page ended, so rows added meanwhile
shift nothing.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from chatbot.formats.names import is_name
from chatbot.services.review.questions import Cursor as QueryCursor

_Row = TypeVar("_Row")
_QUERY_POSITION = re.compile(r"(-?[0-9.e\-]{1,40}):([0-9A-Za-z]{1,32})")
_BAD = "is not a cursor; send the `next` of the page before, unchanged"


def encode(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def encode_query(cursor: QueryCursor | None) -> str | None:
    return encode(f"{cursor.usefulness!r}:{cursor.id}") if cursor else None


def cut(
    rows: Sequence[_Row], limit: int, position: Callable[[_Row], object]
) -> tuple[Sequence[_Row], str | None]:
    """Return a page of `rows`, of which one more than `limit` was read to see whether there are
    more.
    """
    page = rows[:limit]
    return page, encode(str(position(page[-1]))) if len(rows) > limit else None


def _decode(cursor: Any) -> str:
    if not isinstance(cursor, str):
        raise ValueError(_BAD)  # noqa: TRY004 - pydantic reports a ValueError, not a TypeError
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValueError(_BAD) from None


def _decode_id(cursor: Any) -> int:
    text = _decode(cursor)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(_BAD)
    return int(text)


def _decode_name(cursor: Any) -> str:
    text = _decode(cursor)
    if not is_name(text):
        raise ValueError(_BAD)
    return text


def _decode_query(cursor: Any) -> QueryCursor:
    found = _QUERY_POSITION.fullmatch(_decode(cursor))
    if not found:
        raise ValueError(_BAD)
    usefulness = float(found[1])
    if not math.isfinite(usefulness):
        raise ValueError(_BAD)
    return QueryCursor(usefulness, found[2])


_OPAQUE = WithJsonSchema({"type": "string", "description": "`next` of the page before."})
IdCursor = Annotated[int, BeforeValidator(_decode_id), _OPAQUE]
NameCursor = Annotated[str, BeforeValidator(_decode_name), _OPAQUE]
ReviewCursor = Annotated[QueryCursor, BeforeValidator(_decode_query), _OPAQUE]


class Paging(BaseModel):
    """The parameters that every list takes."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    limit: int = Field(50, ge=1, le=200, description="Most rows on a page.")


class ById(Paging):
    """A list that runs from the newest row to the oldest."""

    cursor: IdCursor | None = None
