"""Find the response that answers an intent: names tell little, so rules and stories come first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from chatbot.formats.gathering import Place
from chatbot.formats.rasa.parts import Dialogue, Parts, Turn, is_out_of_scope

_RULE, _SHORT_STORY, _NAME, _BEGINNING, _LATER = range(5)
_UTTER = "utter_"
_SILENT = ("action_listen", "action_set_", "action_reset_", "action_deactivate_loop")
MOST_ALTERNATIVES = 100
"""Two points of a dialogue with more ways between them than that lead nowhere in particular."""


class Answers:
    """Which response answers which intent; `to_…` are all that dialogues say after one."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._found: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._by_program: dict[str, str] = {}
        self._beyond = {n: _alike(each) for n, each in _by_beginning(parts.dialogues).items()}
        self.to_intents: set[str] = set()
        self.to_out_of_scope: set[str] = set()
        self.place_of: dict[str, Place] = {}
        for dialogue in parts.dialogues:
            self._follow(dialogue)

    def response_to(self, intent: str) -> str | None:
        """Return the name of a response, or None.

        What most dialogues of the surest kind have counts; of as many, the name that sorts first.
        """
        if "/" in intent:
            return next(
                (name for name in _retrieved(intent) if name in self._parts.responses), None
            )
        candidates = {rank: Counter(found) for rank, found in self._found[intent].items()}
        if (named := _UTTER + intent) in self._parts.responses:
            candidates[_NAME] = Counter([named])
        for rank in sorted(candidates):
            if known := [name for name in candidates[rank] if name in self._parts.responses]:
                return min(known, key=lambda name: (-candidates[rank][name], name))
        return None

    def missing(self, intent: str) -> Iterator[str]:
        """Yield responses of an intent without an answer that the files do not have."""
        for _, found in sorted(self._found[intent].items()):
            yield from (name for name in sorted(found) if name not in self._parts.responses)

    def program_of(self, intent: str) -> str | None:
        """Return the name of the program that answers an intent, as far as dialogues say so."""
        return self._by_program.get(intent)

    def _follow(self, dialogue: Dialogue) -> None:
        for position, turn in enumerate(dialogue.turns):
            rank = _rank(dialogue, position)
            actions = turn.actions
            if not actions:
                beyond = (self._beyond.get(name) for name in turn.checkpoints)
                actions, rank = next(filter(None, beyond), []), _LATER
            first = _first_words(actions)
            self._note_said(turn, actions)
            for intent in turn.intents:
                self.place_of.setdefault(intent, turn.place)
                if first is None:
                    continue
                if first.startswith(_UTTER):
                    self._found[intent][rank][first] += 1
                else:
                    self._by_program.setdefault(intent, first)

    def _note_said(self, turn: Turn, actions: list[str]) -> None:
        if any(map(is_out_of_scope, turn.intents)):
            self.to_out_of_scope.update(actions)
        if not all(map(is_out_of_scope, turn.intents)):
            self.to_intents.update(actions)


def ways_on(dialogues: list[Dialogue]) -> Iterator[tuple[str, str]]:
    """Yield intents and those that stories go on with, also across checkpoints."""
    after = {name: _first_intents(each) for name, each in _by_beginning(dialogues).items()}
    for dialogue in dialogues:
        for turn, following in zip(dialogue.turns, dialogue.turns[1:], strict=False):
            yield from _pairs(turn.intents, following.intents)
        for turn in dialogue.turns[-1:]:
            for name in turn.checkpoints:
                yield from _pairs(turn.intents, after.get(name, []))


def _pairs(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    if len(before) * len(after) <= MOST_ALTERNATIVES:
        yield from ((one, other) for one in before for other in after if one != other)


def _by_beginning(dialogues: list[Dialogue]) -> dict[str, list[Dialogue]]:
    after: dict[str, list[Dialogue]] = defaultdict(list)
    for dialogue in dialogues:
        for name in dialogue.begins_at:
            after[name].append(dialogue)
    return after


def _alike(dialogues: list[Dialogue]) -> list[str]:
    """Return what the bot does at a checkpoint, if all that go on from there begin alike."""
    first = {_first_words(each.before) for each in dialogues}
    return dialogues[0].before if len(first) == 1 else []


def _first_intents(dialogues: list[Dialogue]) -> list[str]:
    first = (each.turns[0].intents for each in dialogues if each.turns)
    return list(dict.fromkeys(intent for intents in first for intent in intents))


def _rank(dialogue: Dialogue, position: int) -> int:
    """How sure it is that what follows is the answer: the lower, the surer."""
    is_free = dialogue.is_free and not dialogue.before and not dialogue.begins_at
    if position or not is_free:
        return _LATER
    if dialogue.is_rule:
        return _RULE
    return _SHORT_STORY if len(dialogue.turns) == 1 else _BEGINNING


def _first_words(actions: Iterable[str]) -> str | None:
    """Return the first action that may say something, or None."""
    return next((each for each in actions if not each.startswith(_SILENT)), None)


def _retrieved(intent: str) -> Iterator[str]:
    """A retrieval intent `faq/x` is answered by `utter_faq/x`."""
    yield _UTTER + intent
    yield intent
