"""Read requests: strict JSON, and path parameters that no database chokes on."""

import json
from typing import Any, NoReturn

from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.routing import BaseConverter, IntegerConverter

LARGEST_ID = 999_999_999  # nine digits always fit an INTEGER column of PostgreSQL


class RowId(IntegerConverter):
    """A path parameter `<int:…>` that fits a database column; anything larger is not found.

    By its pattern, not by `max`: werkzeug would answer that with 405 where methods share a path.
    """

    regex = r"[0-9]{1,9}"


class Identifier(BaseConverter):
    """A path parameter `<id:…>`: letters of ASCII and digits, as this program makes them."""

    regex = r"[A-Za-z0-9_.\-]{1,100}"


class Word(BaseConverter):
    """A path parameter `<word:…>`: a name in any script, so never a NUL or a broken character."""

    regex = r"[\w.\-]{1,100}"


class StrictRequest(Request):
    """A request that takes JSON as RFC 8259 has it, and nothing else.

    Flask would take UTF-16, NaN, the last of two equal keys, and answer deep nesting with a 500.
    """

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        body = self.get_data()
        if not body and not self.mimetype:
            return {}
        if self.mimetype != "application/json":
            raise UnsupportedMediaType("Send JSON with “Content-Type: application/json”.")
        try:
            return json.loads(
                body.decode("utf-8"),
                object_pairs_hook=_without_repeated_keys,
                parse_constant=_refuse_constant,
            )
        except UnicodeDecodeError:
            raise BadRequest("The body is not UTF-8.") from None
        except RecursionError:
            raise BadRequest("The body is nested too deeply.") from None
        except ValueError as error:
            raise BadRequest(f"The body is not JSON: {_reason(error)}.") from None


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key appears twice in an object")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return str(error).partition(":")[0]
