"""Links in answers: where one may lead, and how Markdown writes it."""

import re

_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f]+")
_SAFE = re.compile(r"(?:https?://[^/]|mailto:.|tel:.|/(?![/\\]))", re.IGNORECASE)
_UNSAFE_IN_ADDRESS = {ord(c): f"%{ord(c):02X}" for c in ' ()<>\\"`|[]*'}


def safe_address(address: str) -> str | None:
    """Return where a link may lead, as Markdown writes it, or None."""
    address = _IN_ADDRESS.sub(lambda found: "%20" if " " in found[0] else "", address.strip())
    if address.startswith("//"):
        address = f"https:{address}"
    return address.translate(_UNSAFE_IN_ADDRESS) if _SAFE.match(address) else None


def link(text: str, address: str) -> str:
    """Return a link of Markdown, or only its text where the address is none to follow."""
    safe = safe_address(address)
    return f"[{text.replace('[', '(').replace(']', ')')}]({safe})" if safe else text


def picture(text: str, address: str) -> str:
    """Return a picture of Markdown, or only its text where the address is none to fetch."""
    written = link(text, address)
    return written if written == text else f"!{written}"
