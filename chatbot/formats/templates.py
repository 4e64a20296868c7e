"""Patterns as Microsoft's bots write them, `who is {Employee}['s] (boss|manager)[?]`.

`[x]` is optional, `(a|b)` a choice, `{Entity:role}` a slot, `^` an end. A pattern is no sentence;
what it surely means becomes some.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_SENTENCES = 20
_MOST_CHARS = 1_000
_MOST_NESTED = 10
_MOST_WORD_CHARS = 100
_PART = re.compile(r"\\.|\{[^{}]*\}|[\[\]()|^]|[^\\\[\]()|{}^]+|[\\{}]", re.DOTALL)
_CLOSED_BY = {"[": "]", "(": ")"}

TOO_LONG = "its pattern is too long to be written out"
TOO_MANY = f"its pattern has more than {MOST_SENTENCES} sentences"
UNFILLED = "its pattern has a slot that no list fills"
ONLY_A_SLOT = "it is nothing but a slot"
BAD_BRACKETS = "its brackets do not match"


class NoSentence(Exception):
    """A pattern that no sentence can be made of; its text is the reason."""


@dataclass
class _Group:
    """What stands in a pair of brackets: earlier alternatives, and beginnings of this one."""

    opened_by: str = ""
    done: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=lambda: [""])

    def append(self, options: list[str]) -> None:
        self.begun = [begin + option for begin in self.begun for option in options]
        self._check()

    def start_alternative(self) -> None:
        self.done += self.begun
        self.begun = [""]
        self._check()

    def options(self) -> list[str]:
        """What it may be: words that are optional are kept, signs that are optional dropped."""
        options = self.done + self.begun
        if self.opened_by == "[" and not any(map(_has_word, options)):
            return [""]
        return options

    def _check(self) -> None:
        if len(self.done) + len(self.begun) > MOST_SENTENCES:
            raise NoSentence(TOO_MANY)


def write_out(pattern: str, words: Mapping[str, str]) -> list[str]:
    """Return the sentences that a pattern stands for; `words` has one for each entity with a list.

    Raises NoSentence with the reason if it has none, or too many.
    """
    if len(pattern) > _MOST_CHARS:
        raise NoSentence(TOO_LONG)
    if not _has_word(re.sub(r"\{[^{}]*\}", "", pattern)):
        raise NoSentence(ONLY_A_SLOT)
    groups = [_Group()]
    for part in _PART.findall(pattern):
        _take(part, groups, words)
    if len(groups) > 1:
        raise NoSentence(BAD_BRACKETS)
    return list(dict.fromkeys(" ".join(each.split()) for each in groups[0].options()))


def _take(part: str, groups: list[_Group], words: Mapping[str, str]) -> None:
    group = groups[-1]
    if part in _CLOSED_BY:
        if len(groups) > _MOST_NESTED:
            raise NoSentence(TOO_LONG)
        groups.append(_Group(part))
    elif part in ("]", ")"):
        if _CLOSED_BY.get(group.opened_by) != part:
            raise NoSentence(BAD_BRACKETS)
        groups.pop()
        groups[-1].append(group.options())
    elif part == "|":
        group.start_alternative()
    elif part.startswith("{") and part.endswith("}"):
        group.append([_word_for(part[1:-1], words)])
    elif part in ("{", "}"):
        raise NoSentence(BAD_BRACKETS)
    elif part != "^":
        group.append([part.removeprefix("\\") if len(part) == 2 else part])


def _word_for(slot: str, words: Mapping[str, str]) -> str:
    name = slot.strip().lstrip("@").split(":")[0].strip()
    if not 0 < len(words.get(name, "")) <= _MOST_WORD_CHARS:
        raise NoSentence(UNFILLED)
    return words[name]


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)
