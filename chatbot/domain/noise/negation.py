"""Find requests that turn something down or off, and which of them an intent itself speaks of.

“Please do not delete my account” is near to the intent that deletes accounts, and asks for the
opposite. Only requests are looked for: “it does not print” and “I do not know my password” tell a
symptom. What is looked for is data by language, below the functions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag, auto
from functools import lru_cache

_LEAST_WORDS = 3
_MOST_CHARS = 600
_REMEMBERED = 2**13
_CLAUSE_END = re.compile(r"[,;:.!?\n]")


class Turn(Flag):
    """The ways in which texts turn what they speak of."""

    NONE = 0
    ENDS = auto()  # “turn it off”, “delete it”
    REFRAINS = auto()  # “do not upgrade me”
    KEEPS = auto()  # “do not delete it”


@dataclass(frozen=True)
class Negated:
    """A negated request: which way it turns, what it does not want, and what else is said."""

    turn: Turn
    refused: str
    rest: str


def turns_of(text: str) -> Turn:
    """Return the ways in which `text`, a phrasing or a title of an intent, turns things."""
    text = text[:_MOST_CHARS]
    if not any(map(_may_turn, text.split())):
        return Turn.NONE
    negated = find_negated(text)
    turns = negated.turn if negated else Turn.NONE
    if Turn.KEEPS not in turns and any(language.wants_an_end(text) for language in _LANGUAGES):
        turns |= Turn.ENDS
    return turns


def find_negated(text: str) -> Negated | None:
    """Return the first request of `text`, one line, that refuses something or ends it, if any."""
    text = text[:_MOST_CHARS]
    if not any(map(_may_turn, text.split())):
        return None
    for language in _LANGUAGES:
        for found in language.refusals(text):
            end = _end_of_clause(text, found.end())
            refused = text[found.start("wanted") : end].strip()
            ends = language.ends_something(refused)
            if ends or found.re is not language.without:
                turn = Turn.KEEPS if ends else Turn.REFRAINS
                return Negated(turn, refused, _without(text, found.start(), end))
    if any(language.find_order(text) for language in _LANGUAGES):
        return Negated(Turn.ENDS, text, "")
    return None


def contradicts(negated: Negated, turns: Turn) -> bool:
    """Return whether an intent whose texts turn things by `turns` cannot be what is asked for."""
    if negated.turn is Turn.KEEPS:
        return Turn.ENDS in turns and Turn.KEEPS not in turns
    return not turns & (Turn.ENDS | negated.turn)


@lru_cache(maxsize=_REMEMBERED)
def _may_turn(word: str) -> bool:
    """Return whether a text with this word need be looked at: most need not."""
    return _MAY_TURN.search(word) is not None


def _end_of_clause(text: str, start: int) -> int:
    found = _CLAUSE_END.search(text, start)
    return found.start() if found else len(text)


def _without(text: str, start: int, end: int) -> str:
    """Return what is left to ask for; a word or two, such as the subject of what is gone, is
    nothing.
    """
    before, after = text[:start], text[end:]
    clause_start = max((found.end() for found in _CLAUSE_END.finditer(before)), default=0)
    if len(before[clause_start:].split()) < _LEAST_WORDS:
        before = before[:clause_start]
    left = " ".join(f"{before} {after}".split()).strip(" ,;:.!?")
    return left if len(left.split()) >= _LEAST_WORDS else ""


@dataclass(frozen=True)
class _Language:
    """The ways in which a language says it.

    `refused`: how requests are negated; the group `wanted` begins what is not wanted. `without`:
    the same, for what is to be spared. `orders`: how something is to be ended, from the group
    `order` on. `ends`: words that end, remove or reverse. `asks`: what stands before a request;
    where there is none, a request may have its verb anywhere. `symptoms`: what is no request though
    it looks like one. `fault`: an order that ends a fault, not a thing.
    """

    refused: tuple[re.Pattern[str], ...]
    without: re.Pattern[str]
    orders: re.Pattern[str]
    ends: re.Pattern[str]
    asks: re.Pattern[str] | None = None
    symptoms: re.Pattern[str] | None = None
    fault: re.Pattern[str] | None = None
    verb_last: bool = False

    def refusals(self, text: str) -> Iterator[re.Match[str]]:
        for pattern in (*self.refused, self.without):
            for found in pattern.finditer(text):
                wanted = text[found.start("wanted") :]
                if self.symptoms is None or not self.symptoms.match(wanted):
                    yield found

    def find_order(self, text: str) -> re.Match[str] | None:
        """“Stop the VPN from dropping” is none: it ends a fault."""
        found = self.orders.search(text)
        if found and self.fault and self.fault.match(text, found.start("order")):
            return None
        return found

    def ends_something(self, refused: str) -> bool:
        return bool((self.ends.search if self.verb_last else self.ends.match)(refused))

    def wants_an_end(self, text: str) -> bool:
        if self.asks is None:
            return bool(self.ends.search(text))
        return any(self.ends.match(text, found.end()) for found in self.asks.finditer(text))


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


_START = r"(?:^|[,;:.!?(–—-]\s*|\b(?:and|but|so|just|also|hey|hi|ok|okay|now|then)\s+)"
_ENGLISH_OFF = r"(?:turn|switch|shut)(?:s|ed|ing)?\s+(?:[\w-]+\s+){0,4}?off\b"
_ENGLISH_ASKS = (
    rf"{_START}(?:please\s+)?|\b(?:please|pls|to|or|how|let[’']?s|help\s+me|help\s+us"
    r"|(?:do|can|could|should|shall|may|must|would|will)\s+(?:i|we|you|one))\s+(?:please\s+)?"
)
_ENGLISH = _Language(
    refused=(
        _compiled(
            rf"(?:{_START}|\b(?:please|pls|plz|kindly)\s+)(?:please\s+|you\s+)?"
            r"(?:(?:do\s+not|do\s?n[’']?t|dont)\s+|never\s+(?![a-z]+s\b))"
            r"(?:ever\s+|just\s+|please\s+)*(?P<wanted>[a-z])"
        ),
        _compiled(
            r"\b(?:do\s+not|do\s?n[’']?t|dont|no\s+longer|never)\s+(?:really\s+|even\s+)?"
            r"(?:want|wish|intend|plan|like|need)(?:ed)?\s+"
            r"(?:(?:you|anyone|anybody|them)\s+)?(?:to\s+)?(?P<wanted>[a-z])"
        ),
        _compiled(r"\b(?:would|[’']d)\s+(?:rather|prefer)\s+not\s+(?:to\s+)?(?P<wanted>[a-z])"),
        _compiled(r"\b(?:can|could|would|will)\s+you\s+(?:please\s+)?not\s+(?P<wanted>[a-z])"),
        _compiled(
            r"\byou\s+(?:must|should|shall|may)(?:\s+not|n[’']?t)\s+(?:please\s+|ever\s+)?"
            r"(?P<wanted>[a-z])"
        ),
    ),
    without=_compiled(r"\bwithout\s+(?P<wanted>[a-z]+ing\b)"),
    orders=_compiled(
        rf"(?:{_ENGLISH_ASKS})"
        rf"(?P<order>{_ENGLISH_OFF}|(?:disable|deactivate|stop|undo|disconnect|revoke|revert"
        r"|remove|unlink|uninstall|opt\s+out\s+of|get\s+rid\s+of)\b)"
    ),
    asks=_compiled(_ENGLISH_ASKS),
    ends=_compiled(
        rf"\b(?:{_ENGLISH_OFF}|off\b|disabl|deactivat|stop|undo|undid|cancel|remov|delet|unsubscri"
        r"|disconnect|revok|revert|eras|wip(?:e|ing)|clos(?:e|ing)|end(?:s|ing)?\b|terminat|quit"
        r"|kick|leav(?:e|ing)|opt(?:ing)?\s+out|get(?:ting)?\s+rid|unlink|uninstall|mut(?:e|ing)"
        r"|silenc|less\b|fewer|lower|reduc|downgrad|paus|suspend|unwanted|no\s+longer|no\s+more"
        r"|too\s+many|sign(?:ed|ing)?\s+(?:\w+\s+)?out|log(?:ged|ging)?\s+(?:\w+\s+)?out)"
    ),
    symptoms=_compiled(
        r"(?:want|wish|need|like|los(?:e|ing)|know|understand|remember|recall|see|find|receive|work|think|believe|care|mind|worry"
        r"|forget|make|let|have|get|hesitate|seem|match|agree|recogni[sz]e|connect|sync|show|print"
        r"|load|open|start|respond|appear|expect)\b"
    ),
    fault=_compiled(r"stop\b(?:.*\bfrom\b|\s+(?!send|shar|receiv|get|charg|bill)\w+ing\b)"),
)

_GERMAN_END = (
    r"(?:(?:aus|ab)(?:zu)?(?:schalt|stell|bestell|meld)|deaktivier|kündig|lösch|entfern|stornier"
    r"|beend|stopp|rückgängig|widerruf|trenn|aufheb|abbrech|deinstallier|zurücksetz|abbestell)"
)
_GERMAN_START = r"(?:^|[,;:.!?]\s*|\bbitte\s+)"
_GERMAN = _Language(
    refused=(
        _compiled(
            r"\b(?:bitte|möchten?|will|wollen|wollte|solle?n?|sollt|darf|dürfen|dürft)\b"
            r"(?![^,.;:!?]*\b(?:kann|können|konnte|lässt)\b)"
            r"[^,;:.!?]{0,80}?\b(?P<wanted>(?:\w+\s+){0,4})(?:nicht|niemals|keinesfalls)\s+"
            r"(?:mehr\s+)?\w+(?:en|ern|eln)\b"
        ),
        _compiled(
            r"\b(?:möchten?|will|wollen|brauchen?)\s+(?:\w+\s+){0,3}?kein(?:e|en|s)?\s+(?P<wanted>\w)"
        ),
        _compiled(rf"{_GERMAN_START}(?P<wanted>\w+(?:en|n)\s+sie\b)[^,;:.!?]{{0,60}}\bnicht\b"),
        _compiled(rf"{_GERMAN_START}(?P<wanted>{_GERMAN_END}\w*)\s[^,;:.!?]{{0,60}}\bnicht\b"),
    ),
    without=_compiled(
        r"\bohne\s+(?P<wanted>[^,;:.!?]{0,60}?\bzu\s+\w+en\b|[^,;:.!?]{0,60}?\w+zu\w+en\b)"
    ),
    orders=_compiled(
        r"(?P<order>\b(?:ausschalten|abschalten|deaktivieren|deaktiviere|abstellen|ausstellen"
        r"|rückgängig|widerrufen|trennen|entfernen|stoppen|aufheben|deinstallieren)\b"
        r"|\b(?:schalte?n?|stelle?n?)\s+(?:\w+\s+){1,4}(?:aus|ab)\b)"
    ),
    ends=_compiled(
        rf"\b{_GERMAN_END}|\b(?:aus|weniger|niedriger|günstiger|reduzier|pausier|schließ|stumm"
        r"|ausgeschaltet|abgeschaltet|abgestellt|gekündigt|gelöscht|entfernt|zu\s+viele|abmelde)"
    ),
    verb_last=True,
)

_FRENCH_END = (
    r"(?:désactiv|supprim|annul|arrêt|résili|enlev|retir|effac|désabonn|déconnect|révoqu|coup"
    r"|désinstall|clôtur|ferm)"
)
_FRENCH = _Language(
    refused=(
        _compiled(
            r"(?:^|[,;:.!?]\s*|\b(?:merci|svp|plaît|surtout|veuillez)[\s,]+(?:de\s+)?)"
            r"n(?:e\s+|[’'])(?:(?:me|le|la|les|l[’']|nous)\s*)?(?P<wanted>\w+(?:ez|es?)\b)"
            r"\s+(?:pas|jamais|plus)"
        ),
        _compiled(r"\bne\s+(?:pas|jamais|plus)\s+(?P<wanted>\w+(?:er|ir|re)\b)"),
        _compiled(
            r"\bne\s+(?:veux|souhaite|voudrais|voulons|souhaitons)\s+(?:pas|plus)\s+"
            r"(?:que\s+vous\s+|d[e’'u]\s*)?(?P<wanted>\w)"
        ),
    ),
    without=_compiled(r"\bsans\s+(?P<wanted>\w+(?:er|ir|re)\b)"),
    orders=_compiled(
        r"(?:^|[,;:.!?]\s*|\b(?:comment|veux|voudrais|souhaite|peux|puis|pouvez|peut|pour|faut|de"
        r"|je|vous|plaît|svp)[\s-]+)"
        r"(?P<order>(?:désactiver|désactivez|désactive|arrêter|arrêtez|enlever|retirer|déconnecter"
        r"|révoquer|couper|désinstaller)\b)"
    ),
    ends=_compiled(rf"\b{_FRENCH_END}|\b(?:moins|réduire|diminuer|pause|trop\s+de)\b"),
    symptoms=_compiled(r"(?:marche|fonctionne|comprends|trouve|reçois|imprime|sais|peux|savoir)\b"),
)

_SPANISH_END = (
    r"(?:desactiv|elimin|cancel|borr|anul|quit|suprim|apag|deten|desconect|revoc|desinstal"
    r"|deshabilit|cierr|cerrar)"
)
_SPANISH = _Language(
    refused=(
        _compiled(
            r"\bpor\s+favor,?\s+(?:no|nunca)\s+(?:me\s+|se\s+|lo\s+|la\s+)?(?P<wanted>[a-zñáéíóú])"
        ),
        _compiled(
            rf"(?:^|[,;:.!?]\s*)(?:no|nunca)\s+(?:me\s+|lo\s+|la\s+)?(?P<wanted>{_SPANISH_END}\w*(?:[ae]s?|éis|[ae]n|ar|ir)\b)"
        ),
        _compiled(
            r"\bno\s+(?:quiero|deseo|queremos|deseamos|quisiera)\s+(?:que\s+)?(?P<wanted>[a-zñáéíóú])"
        ),
    ),
    without=_compiled(r"\bsin\s+(?P<wanted>\w+(?:ar|er|ir)\b)"),
    orders=_compiled(
        r"(?:^|[¿,;:.!?]\s*|\b(?:cómo|como|puedo|podemos|quiero|queremos|para|favor|hay\s+que)\s+)"
        r"(?P<order>(?:desactivar|desactive|desactiva|quitar|apagar|detener|desconectar|revocar"
        r"|deshabilitar|desinstalar|deshacer)\b)"
    ),
    ends=_compiled(rf"\b{_SPANISH_END}|\b(?:menos|reducir|pausar|dar\s+de\s+baja|demasiad[ao]s)\b"),
    symptoms=_compiled(r"(?:funciona|imprime|puedo|sé|entiendo|encuentro|recibo|recuerdo)\b"),
)

_ITALIAN_END = (
    r"(?:disattiv|elimin|cancell|annull|rimuov|togli|spegn|interromp|disconnett|revoc|disinstall"
    r"|disabilit|disdi|chiud)"
)
_ITALIAN = _Language(
    refused=(
        _compiled(
            r"\bper\s+(?:favore|piacere),?\s+non\s+(?:mi\s+|lo\s+|la\s+)?(?P<wanted>[a-zàèéìòù])"
        ),
        _compiled(
            rf"(?:^|[,;:.!?]\s*)non\s+(?:mi\s+|lo\s+|la\s+)?(?P<wanted>{_ITALIAN_END}\w*(?:[aei]|te|are|ere|ire)\b)"
        ),
        _compiled(
            r"\bnon\s+(?:voglio|vorrei|vogliamo|desidero)\s+(?:che\s+)?(?P<wanted>[a-zàèéìòù])"
        ),
    ),
    without=_compiled(r"\bsenza\s+(?P<wanted>\w+(?:are|ere|ire)\b)"),
    orders=_compiled(
        r"(?:^|[,;:.!?]\s*|\b(?:come|posso|possiamo|voglio|vorrei|per|si\s+può|favore)\s+)"
        r"(?P<order>(?:disattivare|disattiva|disabilitare|togliere|spegnere|interrompere"
        r"|disconnettere|revocare|disinstallare)\b)"
    ),
    ends=_compiled(rf"\b{_ITALIAN_END}|\b(?:meno|ridurre|pausa|sospend\w+|troppe?i?)\b"),
    symptoms=_compiled(r"(?:funziona|stampa|posso|so|capisco|trovo|ricevo|ricordo)\b"),
)

_LANGUAGES = (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN)
_MAY_TURN = re.compile(
    "|".join(f"(?:{language.ends.pattern})" for language in _LANGUAGES)
    + r"|\b(?:not|don[’']?t|dont|never|no|without|nicht|niemals|kein\w*|ohne|ne|sans|nunca|sin|non"
    r"|senza|longer|out|rid|many|viele|trop|baja)\b|n[’']t\b|\bn[’']",
    re.IGNORECASE | re.VERBOSE,
)
