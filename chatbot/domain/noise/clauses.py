"""The parts of a message that may each be a question of its own."""

import re

_LEAST_WORDS = 3
_FIRST_WORDS = 4
_MOST_AT_EACH_END = 3

_BREAK = re.compile(
    r"\n+"
    r"|(?<=[.!?;])\s+"
    r"|(?:^|(?<=\s))(?:\d{1,2}[.)]|[-*•])\s+"
    r"|[,;]?\s+(?:and also|and then|as well as|und auch|und außerdem|et aussi|y también|e anche)\s+"
    r"|[,;]\s+(?:and|also|besides|but also|und|auch|außerdem|et|aussi|y|también|e|anche)\s+"
    r"|\s+(?:and|und|et|plus)\s+",
    re.IGNORECASE,
)
_MAY_BREAK = re.compile(
    r"[\n.!?;,)*•-]\s|\s(?:and|as well|und|et|y|e|plus)\s|^\d{1,2}[.)]", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_ASKING_WORDS = (
    "how where what which who when why can could may would will please need want i'd send show tell"
    " wie wo was welche welcher wer wann warum kann können könnte könnten möchte will brauche bitte"
    " comment où quel quelle quels quelles quand pourquoi puis peux pouvez voudrais veux veuillez"
    " cómo dónde qué cuál cuándo puedo puede quiero quisiera necesito favor"
    " come dove cosa quale quando posso può vorrei voglio"
)
_COURTESY_WORDS = (
    "hi hello hey hallo dear good morning afternoon evening day everyone there all team support sir"
    " madam thanks thank you very much many for the help your yesterday best kind regards wishes"
    " please sorry guten morgen tag abend danke vielen dank im voraus bitte liebe lieber grüße"
    " bonjour bonsoir salut merci beaucoup d'avance hola buenos días buenas tardes gracias muchas"
    " ciao buongiorno buonasera grazie mille i have a question two things questions to know"
)
_ASKING = frozenset(_ASKING_WORDS.split())
_COURTESY = frozenset(_COURTESY_WORDS.split())


def split(text: str) -> list[str]:
    """Return the clauses of `text` in their order; nothing if there is only one.

    Greetings, thanks and scraps of fewer than three words are no clauses. Of a long story, the
    first three and the last three are returned: that is where questions stand.
    """
    if not _MAY_BREAK.search(text):
        return []
    clauses = [piece.strip(" ,;") for piece in _BREAK.split(text) if _is_clause(piece)]
    if len(clauses) > 2 * _MOST_AT_EACH_END:
        clauses = clauses[:_MOST_AT_EACH_END] + clauses[-_MOST_AT_EACH_END:]
    return clauses if len(clauses) > 1 else []


def is_request(clause: str) -> bool:
    """Return whether `clause` asks or orders, by its mark or one of its first words, rather than
    tells.
    """
    first = _WORD.findall(clause.casefold())[:_FIRST_WORDS]
    return clause.rstrip().endswith("?") or not _ASKING.isdisjoint(first)


def _is_clause(piece: str) -> bool:
    words = _WORD.findall(piece.casefold())
    return len(words) >= _LEAST_WORDS and not _COURTESY.issuperset(words)
