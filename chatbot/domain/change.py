"""Say what another version would change for visitors, in one sentence that needs no statistics."""

from collections.abc import Sequence

from chatbot.domain.accuracy import Outcome
from chatbot.domain.utility import End

Row = tuple[Outcome, Outcome, float]

_BASES = (100, 1000)
_ASKED_BACK = (End.OFFERED, End.ASKED_IN_VAIN)


def say_change(rows: Sequence[Row]) -> str:
    """Say how many more of 100 questions the candidate answers, how many of them wrongly, and what
    becomes of the others.

    Rows are (live, candidate, weight). It is of 1,000 questions where it is less than one of 100.
    """
    if not rows:
        return "There is no question yet to compare it by."
    if all(before.end is after.end for before, after, _ in rows):
        return _say_no_change(rows)
    for base in _BASES:
        answers, wrong, asked, offered, handed = (
            _change(rows, ends, base)
            for ends in (
                (End.ANSWERED_RIGHTLY, End.ANSWERED_WRONGLY),
                (End.ANSWERED_WRONGLY,),
                _ASKED_BACK,
                (End.OFFERED,),
                (End.HANDED_OVER,),
            )
        )
        if any((answers, wrong, asked, offered, handed)):
            break
    parts = [
        f"answers {_more(answers) or 'as many'}",
        f"but {_more(wrong)} wrongly"
        if wrong > max(answers, 0)
        else f"{_more(wrong) or 'no more'} of them wrongly",
    ]
    if asked:
        parts.append(f"asks back on {_more(asked)}")
    elif offered:
        parts.append(f"offers the right answer on {_more(offered)}")
    if handed:
        parts.append(f"hands over {_more(handed)}")
    return f"Of {base:,} questions like these it {_join(parts)}."


def _say_no_change(rows: Sequence[Row]) -> str:
    otherwise = sum(before.reply != after.reply for before, after, _ in rows)
    if not otherwise:
        return f"Visitors would get the same from it on all {len(rows)} questions."
    return (
        f"It serves visitors neither better nor worse on any of the {len(rows)} questions, though "
        f"it replies otherwise to {otherwise}."
    )


def _change(rows: Sequence[Row], ends: Sequence[End], base: int) -> int:
    total = sum(weight for _, _, weight in rows)
    net = sum(weight * ((b.end in ends) - (a.end in ends)) for a, b, weight in rows)
    return round(base * net / total)


def _more(change: int) -> str:
    return f"{abs(change)} {'more' if change > 0 else 'fewer'}" if change else ""


def _join(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])}, and {parts[-1]}" if len(parts) > 2 else ", ".join(parts)
