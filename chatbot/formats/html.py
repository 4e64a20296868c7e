"""HTML of answers as Markdown."""

import re

from markdownify import ATX, markdownify

_TAG = re.compile(r"<[^<>]*>")


def to_markdown(html: str) -> str:
    """Return HTML as Markdown; of what is nested too deeply, the text alone."""
    try:
        return str(markdownify(html, heading_style=ATX, bullets="-")).strip()
    except RecursionError:
        return _TAG.sub("", html).strip()
