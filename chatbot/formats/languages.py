"""Languages as other programs name them."""

import re
from typing import Any

TAG = re.compile(r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8})*$")
"""A tag such as `de`, `pt-BR` or `zh-Hans`."""

_TAGS = {
    "arabic": "ar",
    "bulgarian": "bg",
    "catalan": "ca",
    "chinese": "zh",
    "chinese_simplified": "zh-hans",
    "chinese_traditional": "zh-hant",
    "croatian": "hr",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "estonian": "et",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "latvian": "lv",
    "lithuanian": "lt",
    "malay": "ms",
    "norwegian": "no",
    "polish": "pl",
    "portuguese": "pt",
    "portuguese_brazil": "pt-br",
    "portuguese_portugal": "pt-pt",
    "romanian": "ro",
    "russian": "ru",
    "slovak": "sk",
    "slovenian": "sl",
    "spanish": "es",
    "swedish": "sv",
    "tamil": "ta",
    "telugu": "te",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
}


def to_tag(name: Any) -> str | None:
    """Return the tag of a language by its English name, a tag as it is, or None."""
    if not isinstance(name, str):
        return None
    plain = re.sub(r"[\s\-()]+", "_", name.strip().lower()).strip("_")
    if re.fullmatch(r"[a-z]{2,3}(_[a-z0-9]{2,8}){0,2}", plain) and plain not in _TAGS:
        return plain.replace("_", "-")
    return _TAGS.get(plain)


def is_in(language: str, wanted: str) -> bool:
    """Return whether a tag is of a wanted language: `en-us` of `en`, and `en` of `en-us`."""
    return (
        language == wanted
        or language.startswith(f"{wanted}-")
        or (wanted.startswith(f"{language}-"))
    )
