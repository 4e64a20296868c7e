"""Damage exports, as transfers, editors and people who mean harm do; the same from a same seed."""

import io
import json
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from chatbot.domain.text import clean, normalise
from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.limits import (
    MAX_ANSWER_CHARS,
    MAX_TITLE_CHARS,
    MAX_TOPIC_CHARS,
    MAX_UTTERANCE_CHARS,
)
from chatbot.formats.names import is_name
from chatbot.formats.registry import read_source
from chatbot.formats.source import source_of
from chatbot.formats.summary import Summary
from tests.exports import EXPORTS, Files, archive

_ODD_VALUES: list[Any] = [
    *(None, True, 7, -1e9, 10**400, 1.5, "", "x", [], {}, [[]], {"": ""}, ["x"], [None], [{}]),
    *("\x00", "\ud800", "﷽" * 300, "a\u0301" * 400, "x" * 30_000, "{" * 99, "\u202e", "=1+1"),
    *("yes", "0123", "__qna__", "None", "AMAZON.FallbackIntent", "$session.params.x", "<p>" * 500),
]
_ODD_BYTES = [
    *(b"\x00", b"\x1b", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\r"),
    *(b'"', b"'", b",", b";", b"\t", b":", b"- ", b"#", b"|", b"{", b"}", b"[", b"]", b"<", b"&"),
    *(b"*", b"`", b"---\n", b"sep=;\n", b"<<: *a\n", b"&a ", b"!!python/object ", b"%", b"\\"),
]
_ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252"]
_NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../b",
    "C:\\b",
    "",
    "x" * 300,
    "\x00",
    "a\\..\\b",
]
_MOST_BLOWN_UP = 300_000
"""Bytes that one damage adds at most by repeating something."""
_DEEP = [30, 70, 3_000, 100_000]


@dataclass(frozen=True)
class Handed:
    """What somebody hands over: a file by its name."""

    name: str
    content: bytes


def pack(files: Files) -> Handed:
    """Return one file as it is, and several as an archive."""
    if len(files) == 1:
        [(name, content)] = files.items()
        return Handed(name, content)
    return Handed("export.zip", archive(files))


def damaged(files: Files, random: Random) -> tuple[Handed, str]:
    """Return an export with one or more damages, and what was done to it."""
    done = []
    files = dict(files)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        damage = random.choice(_OF_FILES)
        damage(files, random)
        done.append(damage.__name__.strip("_"))
    handed = pack(files)
    if random.random() < 0.15 or (len(files) > 1 and random.random() < 0.2):
        of_bytes = random.choice(_OF_BYTES)
        handed = Handed(handed.name, of_bytes(handed.content, random))
        done.append(f"packed_{of_bytes.__name__.strip('_')}")
    return handed, " ".join(done)


def _one_content(files: Files, random: Random) -> None:
    """A damage of the bytes of one file, or of a part of it where it is an archive itself."""
    path = random.choice(list(files))
    damage = random.choice(_OF_BYTES)
    parts = _unpacked(files[path])
    if parts and random.random() < 0.9:
        part = random.choice([each for each in parts if each.startswith("xl/")] or list(parts))
        parts[part] = damage(parts[part], random)
        files[path] = archive(parts)
    else:
        files[path] = damage(files[path], random)


def _one_value(files: Files, random: Random) -> None:
    """A value of another type, a key that is gone or doubled, somewhere in what is JSON."""
    paths = [path for path in files if files[path][:1] in (b"{", b"[")]
    if not paths:
        _one_content(files, random)
        return
    path = random.choice(paths)
    try:
        loaded = json.loads(files[path])
        _change_a_value(loaded, random)
        written = json.dumps(loaded, ensure_ascii=random.random() < 0.5)
        files[path] = written.encode(errors="surrogatepass")
    except (ValueError, RecursionError):
        _one_content(files, random)


def _change_a_value(loaded: Any, random: Random) -> None:
    holders = [each for each in _holders(loaded) if each]
    if not holders:
        return
    holder = random.choice(holders)
    key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    match random.randrange(6):
        case 0:
            del holder[key]
        case 1:
            other = random.choice(holders)
            holder[key] = other[next(iter(other)) if isinstance(other, dict) else 0]
        case 2 if isinstance(holder, list):
            holder *= _times(json.dumps(holder), random)
        case 3 if isinstance(holder, dict):
            for number in range(_times(json.dumps(holder[key]), random)):
                holder[f"{key}{number}"] = holder[key]
        case _:
            holder[key] = random.choice(_ODD_VALUES)


def _holders(loaded: Any) -> list[Any]:
    found, waiting = [], [loaded]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            found.append(each)
            waiting += each.values() if isinstance(each, dict) else each
    return found


def _other_members(files: Files, random: Random) -> None:
    """A member that is gone, renamed, in another's place, or that should not be there."""
    path = random.choice(list(files))
    match random.randrange(6):
        case 0 if len(files) > 1:
            del files[path]
        case 1:
            files[random.choice(_NAMES)] = files[path]
        case 2:
            other = random.choice(list(files))
            files[path], files[other] = files[other], files[path]
        case 3:
            nested = {f"root{number}/{path}": files[path] for number in range(2)}
            files |= random.choice([nested, {"inner.zip": archive(files)}])
        case 4:
            files |= {f"{n}/{path}": files[path] for n in range(_times(files[path], random))}
        case _:
            files[random.choice(["agent.json", "domain.yml", "app.json", "mimetype"])] = b"{}"


def _of_another_kind(files: Files, random: Random) -> None:
    """The content of another format under this one's name, alone or beside it."""
    other = random.choice(random.choice(list(EXPORTS.values())))
    if random.random() < 0.5:
        files |= other
    else:
        files[random.choice(list(files))] = random.choice(list(other.values()))


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _cut_out(content: bytes, random: Random) -> bytes:
    start = random.randrange(len(content) + 1)
    return content[:start] + content[start + random.choice([1, 2, 8, 64, 512]) :]


def _flip(content: bytes, random: Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(random.choice([1, 1, 5, 50])):
        if flipped:
            flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _insert(content: bytes, random: Random) -> bytes:
    for _ in range(random.choice([1, 1, 3, 20])):
        at = random.randrange(len(content) + 1)
        content = content[:at] + random.choice(_ODD_BYTES) + content[at:]
    return content


def _encode_otherwise(content: bytes, random: Random) -> bytes:
    text = content.decode(random.choice(["utf-8", "latin-1"]), "replace")
    return text.encode(random.choice(_ENCODINGS), "replace")


def _nest(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    opening = random.choice([b"[", b'{"a":', b"<div>", b"> ", b"- ", b"(", b"{@a=", b"[x](", b"**"])
    closing = {b"[": b"]", b'{"a":': b"}", b"<div>": b"</div>", b"(": b")"}.get(opening, b"")
    depth = random.choice(_DEEP)
    return content[:at] + opening * depth + b"1" + closing * depth + content[at:]


def _blow_up(content: bytes, random: Random) -> bytes:
    """A line or a piece as often as makes some thousand rows, or a few."""
    lines = content.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    return b"".join([*lines[:at], lines[at] * _times(lines[at], random), *lines[at:]])


def _times(repeated: str | bytes, random: Random) -> int:
    """Return how often something may be repeated, some thousand times at most."""
    most = _MOST_BLOWN_UP // max(1, len(repeated))
    return min(random.choice([1, 1, 50, 50, 1_000, 20_000]), most) + 1


def _move_lines(content: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    at = random.randrange(len(lines) + 1)
    match random.randrange(3):
        case 0:
            random.shuffle(lines)
        case 1:
            lines[at:] = [b"  " + each for each in lines[at:]]
        case _:
            lines = lines[at:] + lines[:at]
    return b"".join(lines)


def _replace(content: bytes, random: Random) -> bytes:
    return content.replace(random.choice(_ODD_BYTES), random.choice([*_ODD_BYTES, b""]), 99)


def _unpacked(content: bytes) -> Files:
    """Return the parts of an archive; none of what is no archive, or none any more."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            return {path: opened.read(path) for path in opened.namelist()}
    except Exception:  # noqa: BLE001 - whatever the library finds wrong
        return {}


_OF_BYTES: list[Callable[[bytes, Random], bytes]] = [
    *(_cut, _cut_out, _flip, _insert, _encode_otherwise, _nest, _blow_up, _move_lines, _replace),
]
_OF_FILES: list[Callable[[Files, Random], None]] = [
    *(_one_content, _one_content, _one_content, _one_value, _one_value, _one_value),
    *(_other_members, _of_another_kind),
]


def outcome(handed: Handed) -> tuple[str, str]:
    """Read it, and return `read` or `refused` with the reason, or `fault` with what is wrong."""
    try:
        source = source_of(handed.name, handed.content)
        draft = read_source(source)
    except InvalidCatalogue as error:
        wrong = next((each for each in map(_wrong_in_mistake, error.mistakes) if each), None)
        if not error.mistakes or wrong:
            return "fault", wrong or "a refusal without a mistake"
        return "refused", str(error.mistakes[0])
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return "fault", "".join(traceback.format_exception(error)[-3:]).strip()[-600:]
    wrong = next(_wrong_in_draft(draft), None)
    return ("fault", wrong) if wrong else ("read", draft.format)


def _wrong_in_mistake(mistake: Mistake) -> str | None:
    if not mistake.file or not mistake.reason:
        return f"a mistake without a file or a reason: {mistake}"
    return None if _is_storable(str(mistake)) else f"a mistake that cannot be shown: {mistake!r}"


def _wrong_in_draft(draft: CatalogueDraft) -> Iterator[str]:
    """Yield what of a draft could not be stored, or would be stored otherwise than it is."""
    for name, intent in draft.intents.items():
        if name != intent.name or not is_name(name):
            yield f"{name!r} is no name"
        yield from _wrong_in_words(intent)
    yield from _wrong_in_phrasings(draft)
    for row in draft.left_out:
        if not (row.reason and row.file and _is_storable(row.text)):
            yield f"{row!r} is left out without a reason, or cannot be shown"
    json.dumps(Summary.of(draft).to_json())


def _wrong_in_words(intent: IntentDraft) -> Iterator[str]:
    answers = intent.variants if intent.answer is None else [intent.answer, *intent.variants]
    if not all(each.strip() and len(each) <= MAX_ANSWER_CHARS for each in answers):
        yield f"an answer of {intent.name} is blank or too long"
    if not intent.title.strip() or len(intent.title) > MAX_TITLE_CHARS:
        yield f"{intent.title[:300]!r} is no title"
    if len(intent.topic) > MAX_TOPIC_CHARS:
        yield f"{intent.topic[:300]!r} is no topic"
    for text in (intent.title, intent.topic, *answers, *intent.follow_ups):
        if not _is_storable(text):
            yield f"{text[:99]!r} of {intent.name} cannot be stored"


def _wrong_in_phrasings(draft: CatalogueDraft) -> Iterator[str]:
    owners: dict[str, str] = {}
    said = [(name, text) for name, each in draft.intents.items() for text in each.utterances]
    said += [(name, text) for name, each in draft.intents.items() for text in each.held_out]
    for name, text in [*said, *(("", text) for text in draft.out_of_scope)]:
        if clean(text, MAX_UTTERANCE_CHARS) != text:
            yield f"{text!r} is not as it would be stored"
        if owners.setdefault(normalise(text), name) != name:
            yield f"{text!r} belongs to two intents, or to one and to none"


def _is_storable(text: str) -> bool:
    """Whether databases take a text: Unicode without NUL."""
    return "\x00" not in text and text == text.encode(errors="replace").decode()
