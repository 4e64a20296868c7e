"""Pages of Markdown and HTML cut into what they say: title, questions with answers, other text.

A question is a heading, a line in bold, a term or a summary with a question mark; terms of lists
and summaries need none. What stands below it is its answer, up to the next question or the next
heading of its level.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatbot.formats.articles import is_question
from chatbot.formats.html import END, to_markdown
from chatbot.formats.html_cleaning import has_tags

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_BOLD = re.compile(r"(?:[-*] )?(\*\*|__)([^*_]+)\1:?")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`]+\1(?!`)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ANCHOR = re.compile(r"(?<!\s)\s*\{#[\w\-]+\}\s*$")
_HELD = re.compile("\ue000(\\d+)\ue000")
_MARKED_LEVEL, _BOLD_LEVEL = 6, 7


@dataclass
class Section:
    """A heading and what stands below it up to the next.

    Level 0 has no heading, or one whose text goes on to the next of that level: a term's.
    """

    level: int
    heading: str
    is_question: bool
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n").rstrip()


@dataclass(frozen=True)
class Question:
    """A question of a page, its answer, and the heading that it stands under."""

    text: str
    answer: str
    topic: str = ""


def questions_of(sections: list[Section], title: str) -> tuple[list[Question], list[Section]]:
    """Return the questions of a page, and the sections that belong to none."""
    questions: list[Question] = []
    rest: list[Section] = []
    place, topics = 0, [(0, "")]
    while place < len(sections):
        section = sections[place]
        place += 1
        if not section.is_question:
            rest.append(section)
            if section.heading and section.heading != title:
                topics = [each for each in topics if each[0] < section.level]
                topics.append((section.level, section.heading))
            continue
        below = [section.text]
        while place < len(sections) and _is_below(sections[place], section):
            below.append(written(sections[place]))
            place += 1
        answer = "\n\n".join(filter(None, below))
        own = [name for level, name in topics if level < (section.level or _BOLD_LEVEL)]
        questions.append(Question(section.heading, answer, own[-1] if own else ""))
    return questions, rest


def written(section: Section) -> str:
    """Return a section as it stood in its page."""
    heading = f"{'#' * min(6, section.level)} {section.heading}" if section.heading else ""
    return "\n\n".join(filter(None, [heading, section.text]))


def sections_of(markdown: str) -> list[Section]:
    """Return the sections of a page, in order."""
    sections = [Section(0, "", False)]
    fence, follows_end = "", False
    for line in markdown.split("\n"):
        bare = line.strip()
        was_fence, fence = fence, fence_after(fence, bare)
        opened = None if fence or was_fence else _open(line, sections[-1])
        if bare == END:
            sections.append(Section(0, "", False))
        elif opened is None:
            sections[-1].lines.append(line.replace(END, ""))
        else:
            if follows_end and opened.level == _MARKED_LEVEL:
                opened.level = 0
            sections.append(opened)
        follows_end = bare == END or (follows_end and not bare)
    _ask_with_terms([each for each in sections if each.heading and each.level == 0])
    return [each for each in sections if each.heading or each.text or each.level == 0]


def fence_after(fence: str, line: str) -> str:
    """Return the fence of the block of code that is open after a line, or nothing."""
    marks = line[: len(line) - len(line.lstrip(line[:1]))] if line[:1] in ("`", "~") else ""
    if not fence:
        return marks if len(marks) > 2 and marks[0] not in line[len(marks) :] else ""
    return "" if marks == line and marks.startswith(fence) else fence


def without_html(markdown: str) -> str:
    """Return Markdown whose HTML, but for that in code, is Markdown too."""
    if not has_tags(markdown) and "&" not in markdown:
        return markdown.strip()
    return "\n".join(
        part if is_code else "\n\n".join(map(_convert, part.split("\n\n")))
        for part, is_code in _parts(markdown.replace("\r\n", "\n"))
    ).strip()


def plain(heading: str) -> str:
    """Return the words of a heading, without marks, links and anchors."""
    words = _LINK.sub(r"\1", _ANCHOR.sub("", heading)).rstrip("# \t")
    return " ".join(words.replace("**", "").replace("__", "").replace("`", "").split()).strip("*_ ")


def _ask_with_terms(terms: list[Section]) -> None:
    """Make terms and summaries questions: several, or one that asks. One “Read more” is none."""
    names = {each.heading for each in terms}
    for each in terms:
        each.is_question = each.is_question or len(names) > 1
        each.level = 0 if each.is_question else _MARKED_LEVEL


def _is_below(section: Section, question: Section) -> bool:
    return not section.is_question and section.level > question.level


def _open(line: str, last: Section) -> Section | None:
    """Return the section that a line begins, or None."""
    if found := _HEADING.fullmatch(line.rstrip()):
        words = plain(found[2])
        return Section(len(found[1]), words, is_question(words)) if words else None
    if _UNDERLINE.fullmatch(line) and last.lines and _is_lone(last.lines):
        words = plain(last.lines.pop())
        return Section(1 if "=" in line else 2, words, is_question(words))
    if (found := _BOLD.fullmatch(line.strip())) and is_question(found[2]):
        return Section(_BOLD_LEVEL, plain(found[2]), True)
    return None


def _is_lone(lines: list[str]) -> bool:
    """Whether the last line is a paragraph by itself, which an underline makes a heading."""
    is_first = len(lines) == 1 or not lines[-2].strip()
    return is_first and bool(plain(lines[-1])) and not lines[-1].startswith(("|", "- ", ">", " "))


def _parts(markdown: str) -> Iterator[tuple[str, bool]]:
    """Give text and blocks of code in turn."""
    kept: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        was_fence, fence = fence, fence_after(fence, line.strip())
        if fence and not was_fence:
            yield from [("\n".join(kept), False)] if kept else []
            kept = [line]
        elif was_fence and not fence:
            yield "\n".join([*kept, line]), True
            kept = []
        else:
            kept.append(line)
    yield from [("\n".join(kept), bool(fence))] if kept else []


def _convert(block: str) -> str:
    """Return a paragraph without its HTML; what is in code stays."""
    inner = block.strip("\n")
    if not has_tags(inner) and "&" not in inner:
        return block
    start, end = block.split(inner, 1)
    lines = (_BREAK.sub(" ", e) if e.lstrip().startswith("|") else e for e in inner.split("\n"))
    code: list[str] = []

    def hold(found: "re.Match[str]") -> str:
        code.append(found[0])
        return f"\ue000{len(code) - 1}\ue000"

    held = to_markdown(_CODE.sub(hold, "\n".join(lines).replace("\ue000", "")))
    return start + _HELD.sub(lambda found: code[int(found[1])], held) + end
