"""Find the response that answers an intent: names tell little, so rules and stories come first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from chatbot.formats.gathering import Place
from chatbot.formats.rasa.parts import Dialogue, Parts

_RULE, _SHORT_STORY, _NAME, _BEGINNING, _LATER = range(5)
_UTTER = "utter_"
_SILENT = ("action_listen", "action_set_", "action_reset_", "action_deactivate_loop")
MOST_ALTERNATIVES = 100
"""Two points of a dialogue with more ways between them than that lead nowhere in particular."""


class Answers:
    """Which response answers which intent."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._found: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._by_program: dict[str, str] = {}
        self._after = _by_beginning(parts.dialogues)
        self.mentioned: dict[str, set[str]] = defaultdict(set)
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
                actions, rank = self._beyond(turn.checkpoints), _LATER
            first = _first_words(actions)
            for intent in turn.intents:
                self.place_of.setdefault(intent, turn.place)
                for each in actions:
                    self.mentioned[each].add(intent)
                if first is None:
                    continue
                if first.startswith(_UTTER):
                    self._found[intent][rank][first] += 1
                else:
                    self._by_program.setdefault(intent, first)

    def _beyond(self, checkpoints: Iterable[str]) -> list[str]:
        """What the bot does after a checkpoint, if all that goes on from there begin alike."""
        beginnings = [each.before for name in checkpoints for each in self._after[name]]
        first = {_first_words(each) for each in beginnings}
        return beginnings[0] if len(first) == 1 else []


def ways_on(dialogues: list[Dialogue]) -> Iterator[tuple[str, str]]:
    """Yield intents and those that stories go on with, also across checkpoints."""
    after = _by_beginning(dialogues)
    for dialogue in dialogues:
        for turn, following in zip(dialogue.turns, dialogue.turns[1:], strict=False):
            yield from _pairs(turn.intents, following.intents)
        for turn in dialogue.turns[-1:]:
            for name in turn.checkpoints:
                first = [each.turns[0].intents for each in after[name] if each.turns]
                yield from _pairs(turn.intents, [intent for each in first for intent in each])


def _pairs(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    if len(before) * len(after) <= MOST_ALTERNATIVES:
        yield from ((one, other) for one in before for other in after if one != other)


def _by_beginning(dialogues: list[Dialogue]) -> dict[str, list[Dialogue]]:
    after: dict[str, list[Dialogue]] = defaultdict(list)
    for dialogue in dialogues:
        for name in dialogue.begins_at:
            after[name].append(dialogue)
    return after


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
