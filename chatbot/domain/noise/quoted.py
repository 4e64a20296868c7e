"""Find what a visitor did not write now: a quoted mail, a log, a stack trace, a signature, a
notice.

Each is told by its form: how mail programs introduce a quotation, how lines of a log begin. Mail
programs speak the language of their user, so their phrases are listed by language.
"""

import re
from collections.abc import Iterable, Sequence

_LONGEST_SIGNATURE = 8
_LONGEST_SIGNATURE_LINE = 80
_LEAST_LOG_LINES = 2
_LEAST_HEADERS = 3
_LINES_OF_A_NOTICE = 3

_WROTE = r"wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał\(a\)"
_ATTRIBUTION = re.compile(
    rf"(?:[^\n]{{0,120}}\d[^\n]{{0,160}}|[^\n]{{0,120}}@[^\n]{{0,120}})"
    rf"\b(?:{_WROTE})\b[^\n:]{{0,80}}:\s*",
    re.IGNORECASE,
)
_ON_ONE_LINE = re.compile(
    rf"\s(?:On|Am|Le|El|Il|Op|Em)\s[^\n:]{{0,40}}\d\d?[:.h]\d\d[^\n:]{{0,80}}\b(?:{_WROTE})\b"
    r"[^\n:]{0,80}:\s.*"
    r"|\s-{3,}\s?(?:Original Message|Ursprüngliche Nachricht)\s?-{3,}.*",
    re.IGNORECASE | re.DOTALL,
)
_FIRST_OF_SEVERAL = re.compile(r"(?:on|am|le|el|il|op|em|den|w dniu)\s.*\d.*", re.IGNORECASE)
_SEPARATOR = re.compile(
    r"_{10,}\s*|-{2,}\s*(?:"
    r"original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht"
    r"|message d.origine|message transféré|mensaje original|mensaje reenviado"
    r"|messaggio originale|messaggio inoltrato|mensagem original|oorspronkelijk bericht"
    r")\s*-{2,}\s*|(?:begin forwarded message|anfang der weitergeleiteten nachricht)\s*:\s*",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\*?(?:from|sent|to|cc|date|subject|von|gesendet|an|datum|betreff|de|envoyé|à|objet"
    r"|enviado|para|asunto|fecha|da|inviato|a|data|oggetto)\s?:\*?\s.*",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\s{0,3}>.*")

_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)"
_LOG = re.compile(
    rf"\s*(?:\[?\d{{4}}-\d\d-\d\d[T ]{_TIME}"
    rf"|\[?\d\d?[./]\d\d?[./]\d{{2,4}},? {_TIME}"
    rf"|\[?{_TIME}"
    rf"|[A-Z][a-z]{{2}} {{1,2}}\d\d? {_TIME}"
    rf"|\[?{_LEVEL}\b[\]:]?|[A-Z] \(\d+\) "
    r'|\{"\w+":).*'
)
_TRACE_START = re.compile(r"Traceback \(most recent call last\):\s*|goroutine \d+ \[.*")
_TRACE_LINE = re.compile(
    r"\s+at\s\S.*|\s*File \"[^\"]+\", line \d+.*|\s*Caused by: .*|\s*\.\.\. \d+ more"
    r"|\s*#\d+\s+0x[0-9a-f]+.*"
)
_EXCEPTION = re.compile(r"\s*(?:[\w$]+\.)*[\w$]*(?:Error|Exception|Interrupt)\b(?::.*)?")

_DASHES = re.compile(r"(?:--|—|__)\s*")
_SENT_FROM = re.compile(
    r"(?:sent from (?:my|outlook|mail)\b|get outlook for\b|(?:von|aus) meinem? .{1,40} gesendet"
    r"|gesendet (?:von|mit)\b|envoyé (?:de|depuis) (?:mon|ma)\b|enviado (?:desde|do) (?:mi|meu)\b"
    r"|inviato da(?:l mio)?\b|verstuurd vanaf\b).{0,60}",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:kind|best|warm|many)?\s*(?:regards|wishes)|cheers|(?:many )?thanks"
    r"|thanks and (?:kind |best )?regards|thank you|sincerely|yours (?:sincerely|truly|faithfully)"
    r"|best|(?:mit )?(?:freundlichen?|besten?|vielen?|lieben?|herzlichen?)"
    r" gr(?:ü|ue)(?:ß|ss)en?"
    r"|(?:mit )?gru(?:ß|ss)|mfg|lg|(?:bien )?cordialement|bien à vous|salutations"
    r"|(?:un )?(?:saludos?|cordial saludo)|atentamente|cordiali saluti|distinti saluti|saluti)"
    r"\s*[,.!]?\s*",
    re.IGNORECASE,
)
_CONFIDENTIAL = re.compile(
    r"confidential|privileged|vertraulich|confidentiel|confidencial|riservat", re.IGNORECASE
)
_ADDRESSEE = re.compile(
    r"recipient|addressed to|received (?:it|this).{0,40}(?:mistake|error)|empfänger|irrtümlich"
    r"|destinataire|destinatari[oa]|par erreur|por error|per errore|person it is",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """Return the lines of `text` that its writer wrote now; all of it if nothing else is left."""
    if "\n" not in text:
        may_quote = ":" in text or "---" in text
        return _or_whole(_ON_ONE_LINE.sub("", text), text) if may_quote else text
    lines = [line.rstrip() for line in text.splitlines()]
    for strip in (_without_quotations, _without_traces, _without_logs, _without_signature):
        lines = strip(lines)
    return _or_whole("\n".join(lines).strip(), text)


def _or_whole(left: str, text: str) -> str:
    return left if any(character.isalnum() for character in left) else text


def _without_quotations(lines: Sequence[str]) -> list[str]:
    """A reply above a quotation ends it; lines marked with “>” go wherever they stand."""
    for place in range(len(lines)):
        length = _introduction(lines, place)
        if not length:
            continue
        rest = lines[place + length :]
        if any(_QUOTED.fullmatch(line) for line in rest):  # what follows may be an answer below it
            return _unmarked([*lines[:place], *rest])
        return _unmarked(lines[:place]) if _has_words(lines[:place]) else list(lines)
    return _unmarked(lines)


def _introduction(lines: Sequence[str], place: int) -> int:
    """Return how many lines from `place` on introduce a quotation; 0 if none."""
    if _SEPARATOR.fullmatch(lines[place]):
        return 1
    if _ATTRIBUTION.fullmatch(lines[place]):
        return 1
    if _FIRST_OF_SEVERAL.fullmatch(lines[place]):  # mail programs break long ones
        for length in (2, 3):
            if _ATTRIBUTION.fullmatch(" ".join(lines[place : place + length])):
                return length
    headers = 0
    while place + headers < len(lines) and _HEADER.fullmatch(lines[place + headers]):
        headers += 1
    return headers if headers >= _LEAST_HEADERS else 0


def _unmarked(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not _QUOTED.fullmatch(line)]


def _without_traces(lines: Sequence[str]) -> list[str]:
    """Return lines without the frames of a stack trace, and the exception above or below them."""
    frames = [bool(_TRACE_START.fullmatch(line) or _TRACE_LINE.fullmatch(line)) for line in lines]
    if sum(frames) < 2:
        return list(lines)
    first, last = frames.index(True), len(frames) - 1 - frames[::-1].index(True)
    while last + 1 < len(lines) and lines[last + 1].startswith((" ", "\t")):
        last += 1
    if first and _EXCEPTION.fullmatch(lines[first - 1]):
        first -= 1
    if last + 1 < len(lines) and _EXCEPTION.fullmatch(lines[last + 1]):
        last += 1
    return [*lines[:first], *lines[last + 1 :]]


def _without_logs(lines: Sequence[str]) -> list[str]:
    logged = [bool(_LOG.fullmatch(line)) for line in lines]
    if sum(logged) < _LEAST_LOG_LINES:
        return list(lines)
    return [line for line, is_logged in zip(lines, logged, strict=True) if not is_logged]


def _without_signature(lines: Sequence[str]) -> list[str]:
    """Up to the first line below some words that closes the message or begins a notice."""
    kept = [line for line in lines if not _SENT_FROM.fullmatch(line.strip())]
    has_words = False
    for place, line in enumerate(kept):
        if has_words and (_closes(kept, place) or _begins_notice(kept, place)):
            return kept[:place]
        has_words = has_words or _has_words([line])
    return kept


def _closes(lines: Sequence[str], place: int) -> bool:
    line = lines[place].strip()
    return bool(_DASHES.fullmatch(line) or _CLOSING.fullmatch(line)) and _is_signature(
        [each for each in lines[place + 1 :] if each.strip()]
    )


def _begins_notice(lines: Sequence[str], place: int) -> bool:
    return bool(_CONFIDENTIAL.search(lines[place])) and _is_notice(
        " ".join(lines[place : place + _LINES_OF_A_NOTICE])
    )


def _is_signature(lines: Sequence[str]) -> bool:
    """A few short lines that ask for nothing."""
    return len(lines) <= _LONGEST_SIGNATURE and not any(
        line.rstrip().endswith("?") or len(line) > _LONGEST_SIGNATURE_LINE
        for line in lines
        if not _is_notice(line)
    )


def _is_notice(text: str) -> bool:
    return bool(_CONFIDENTIAL.search(text) and _ADDRESSEE.search(text))


def _has_words(lines: Iterable[str]) -> bool:
    return any(character.isalnum() for line in lines for character in line)
