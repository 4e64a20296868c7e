"""HTML of answers as Markdown."""

from markdownify import ATX, markdownify


def to_markdown(html: str) -> str:
    """Return HTML as Markdown."""
    return str(markdownify(html, heading_style=ATX, bullets="-")).strip()
