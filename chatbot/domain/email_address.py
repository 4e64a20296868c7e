"""Check that e-mail addresses have the form of one, and write them as mail servers do."""

import re

from chatbot.errors import InvalidText

MAX_EMAIL_CHARS = 254
ENCODED_WORD = "=?"  # begins what header lines decode, even into further header lines
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[\w\-]+\.)+[^\W\d_][\w\-]+")
_ASCII_DOMAIN = re.compile(r"[a-z0-9_\-]+(?:\.[a-z0-9_\-]+)+")
_OF_ANOTHER_DOMAIN = re.compile("[ßς\u200c\u200d]")


def clean_email(text: str) -> str:
    """Return an address that mail can be sent to, as far as its form tells. Raises InvalidText."""
    email = text.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > MAX_EMAIL_CHARS or not email.isprintable():
        raise InvalidText("This is not an e-mail address.")
    return email


def to_ascii(email: str) -> str | None:
    """Return a clean address as every mail server takes it, an international domain in punycode.

    None if there is no such form. There is none of a part before the @ that is not ASCII, or that
    mail programs would decode (RFC 2047), and none here of the four characters that the standard
    library's IDNA 2003 turns into another domain than IDNA 2008 (RFC 5894, section 7.2).
    """
    local, _, domain = email.rpartition("@")
    if not local.isascii() or ENCODED_WORD in local or _OF_ANOTHER_DOMAIN.search(domain):
        return None
    try:
        encoded = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    written = f"{local}@{encoded}"
    is_usable = _ASCII_DOMAIN.fullmatch(encoded) and len(written) <= MAX_EMAIL_CHARS
    return written if is_usable else None
