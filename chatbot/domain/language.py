"""A guess at the language of a short text: enough to see that other people came to ask."""

import unicodedata

UNCLEAR = "unclear"
_LETTERS = 200
_WORDS = {
    "en": "the and is to my how do i it not what can in of for you a on with have why where",
    "de": "der die das und ist nicht ich wie kann mein meine ein eine zu auf mit wo was warum",
    "fr": "le la les et est je ne pas comment mon ma un une de des pour avec où pourquoi puis",
    "es": "el la los las y es no cómo como mi un una de para con dónde qué por puedo tengo",
    "it": "il lo la gli e è non come mio mia un una di per con dove che perché posso ho",
    "pt": "o a os as e é não como meu minha um uma de para com onde que por posso tenho",
    "nl": "de het en is niet ik hoe kan mijn een te op met waar wat waarom van voor heb",
}
_LANGUAGES_OF: dict[str, set[str]] = {}
for _language, _words in _WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, set()).add(_language)


def guess_language(text: str) -> str:
    """Return a code such as `en` by its little words, or a script such as `cyrillic`, or `unclear`.

    A word that several languages have counts for each; a tie is unclear.
    """
    if (script := _script(text)) != "latin":
        return script
    votes = count_little_words(text)
    first, second = sorted([*votes.values(), 0, 0], reverse=True)[:2]
    return max(votes, key=votes.__getitem__) if first > second else UNCLEAR


def count_little_words(text: str) -> dict[str, int]:
    """Count the little words of each language in `text`, without languages that have none."""
    votes: dict[str, int] = {}
    for word in text.casefold().split():
        for language in _LANGUAGES_OF.get(word.strip(".,;:!?¿¡\"'()"), ()):
            votes[language] = votes.get(language, 0) + 1
    return votes


def _script(text: str) -> str:
    """Return the script of most letters, as Unicode names it."""
    if text.isascii():
        return "latin"
    counts: dict[str, int] = {}
    for letter in [c for c in text if c.isalpha()][:_LETTERS]:
        script = unicodedata.name(letter, "unknown").split(" ", 1)[0].split("-", 1)[0].casefold()
        counts[script] = counts.get(script, 0) + 1
    return max(counts, key=counts.__getitem__, default="latin")
