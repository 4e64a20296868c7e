import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import rasa
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.gathering import (
    IN_TWO_INTENTS,
    NEEDS_A_VALUE,
    REPEATED,
)
from chatbot.formats.rasa.parts import A_COMMAND, NO_HYPHEN, NO_INTENT, NOT_A_QUESTION, NOT_TEXT
from chatbot.formats.rasa.project import (
    BY_PROGRAM,
    FALLBACK_ANSWER,
    FURTHER,
    NOT_REACHED,
    NOT_THERE,
)
from chatbot.formats.rasa.responses import A_PAYLOAD, EMPTY, ON_A_CONDITION
from chatbot.formats.registry import find_format, read_path, read_source
from chatbot.formats.source import open_source, source_of

NLU = """\
version: "3.1"
nlu:
- intent: ask_7
  examples: |
    - Where is the [canteen](place)?
    - is there [food]{"entity": "thing", "value": "meal"} here
    - the [[buffet]](place) please
- intent: yes
  examples: |
    - sure
- intent: 0123
  examples: |
    - the room number
- intent: faq/badge
  examples: |
    - my badge is lost
- intent: nlu_fallback
  examples: |
    - sing me a song
- synonym: canteen
  examples: |
    - cafeteria
- lookup: place
  examples: |
    - garage
- regex: room
  examples: |
    - \\d{3}
"""
RULES = """\
rules:
- rule: canteen
  steps:
  - intent: ask_7
  - action: utter_reply_7
stories:
- story: agreed
  steps:
  - intent: yes
  - action: utter_glad
"""
DOMAIN = """\
intents:
- ask_7
- faq
- yes:
    use_entities: []
- 0123
- never_trained
responses:
  utter_reply_7:
  - text: |
      On the *first* floor, see [the map](https://maps.example/1).
  utter_ask_7:
  - text: Which canteen?
  utter_glad:
  - text: Good.
"""
BADGES = """\
responses:
  utter_faq/badge:
  - text: Ask at the gate.
  utter_0123:
  - text: 42
"""


def project(folder: Path, **files: str) -> Path:
    """A folder with these files, `__` in a name being a slash, beside a file of keys."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    return project(
        tmp_path / "bot",
        data__nlu=NLU,
        data__rules=RULES,
        domain__main=DOMAIN,
        domain__badges=BADGES,
    )


def read_text(content: str, name: str = "nlu.yml") -> CatalogueDraft:
    source = source_of(name, content.encode())
    assert find_format(source) is rasa.FORMAT
    return read_source(source)


def left_out(draft: CatalogueDraft) -> Counter[str]:
    return Counter(each.reason for each in draft.left_out)


def answers(draft: CatalogueDraft) -> dict[str, str | None]:
    return {name: intent.answer for name, intent in draft.intents.items()}


def refusal(content: str | bytes, name: str = "nlu.yml") -> str:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(InvalidCatalogue) as refused:
        read_source(source_of(name, raw))
    return str(refused.value)


def test_a_project_with_a_divided_domain_is_read_completely(bot: Path) -> None:
    draft = read_path(bot)
    assert draft.format == "rasa"
    assert answers(draft) == {
        "ask_7": "On the *first* floor, see [the map](https://maps.example/1).",
        "yes": "Good.",
        "0123": "42",
        "faq-badge": "Ask at the gate.",
        "never_trained": None,
    }
    assert draft.out_of_scope == ["sing me a song"]
    assert left_out(draft) == {NOT_A_QUESTION: 3, NOT_REACHED: 1}


def test_entities_leave_their_words_in_a_question(bot: Path) -> None:
    assert read_path(bot).intents["ask_7"].utterances == [
        "Where is the canteen?",
        "is there food here",
        "the buffet please",
    ]


def test_a_name_that_is_a_boolean_or_a_number_elsewhere_stays_a_name(bot: Path) -> None:
    draft = read_path(bot)
    assert draft.intents["yes"].utterances == ["sure"]
    assert draft.intents["0123"].utterances == ["the room number"]


def test_a_place_is_the_line_of_the_row(bot: Path) -> None:
    assert read_path(bot).places["is there food here"] == ("data/nlu.yml", 6)


def test_an_intent_of_the_domain_alone_is_kept_switched_off(bot: Path) -> None:
    draft = read_path(bot)
    assert draft.intents["never_trained"].enabled is False
    assert draft.intents["ask_7"].enabled is None


def test_an_archive_is_read_as_its_folder(bot: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(bot.rglob("*.yml"), reverse=True):
            archive.write(path, f"my-bot/{path.relative_to(bot)}")
    draft = read_source(source_of("bot.zip", packed.getvalue()))
    assert draft.intents == read_path(bot).intents


@pytest.mark.parametrize("name", ["credentials", "endpoints", "endpoints.production"])
def test_files_of_keys_are_never_opened(bot: Path, name: str) -> None:
    (bot / f"{name}.yml").write_text("nlu: [not: YAML: at all")
    source = open_source(bot)
    read_source(source)
    assert f"{name}.yml" not in list(source)
    assert f"{name}.yml" not in source._seen


def test_conversations_for_tests_are_no_training_data(bot: Path) -> None:
    before = read_path(bot)
    project(bot, tests__test_stories=RULES.replace("utter_reply_7", "utter_other"))
    assert read_path(bot) == before


def test_the_language_is_that_of_the_configuration(bot: Path) -> None:
    project(bot, config="language: bn\npipeline: []\n")
    assert read_path(bot).languages == {"bn": 6}


def test_two_projects_at_once_are_refused(tmp_path: Path) -> None:
    for name in ("one", "other"):
        project(tmp_path / name, nlu=NLU, domain=DOMAIN, config="language: en\n")
    with pytest.raises(InvalidCatalogue, match="several projects, such as “one” and “other”"):
        read_path(tmp_path)


STORIES = """\
responses:
  utter_a: [{text: By name.}]
  utter_rule: [{text: By rule.}]
  utter_story: [{text: By story.}]
  utter_long: [{text: By a longer story.}]
  utter_later: [{text: Later.}]
nlu:
- intent: a
  examples: "- how so"
"""


@pytest.mark.parametrize(
    ("dialogues", "answer"),
    [
        pytest.param("", "By name.", id="name"),
        pytest.param(
            "stories:\n- story: s\n  steps: [{intent: a}, {action: utter_story}]\n"
            "rules:\n- rule: r\n  steps: [{intent: a}, {action: utter_rule}]\n",
            "By rule.",
            id="rule-before-story",
        ),
        pytest.param(
            "stories:\n- story: s\n  steps: [{intent: a}, {action: utter_story}]\n",
            "By story.",
            id="short-story-before-name",
        ),
        pytest.param(
            "stories:\n- story: s\n  steps:\n  - or: [{intent: b}, {intent: a}]\n"
            "  - action: action_listen\n  - action: utter_story\n",
            "By story.",
            id="one-of-several-intents",
        ),
        pytest.param(
            "stories:\n- story: s\n  steps: [{intent: a}, {action: utter_long}, {intent: b}]\n",
            "By name.",
            id="name-before-longer-story",
        ),
        pytest.param(
            "rules:\n- rule: r\n  condition: [{active_loop: form}]\n"
            "  steps: [{intent: a}, {action: utter_rule}]\n",
            "By name.",
            id="name-before-a-rule-on-a-condition",
        ),
        pytest.param(
            "stories:\n- story: s\n  steps:\n  - slot_was_set: [{x: 1}]\n  - intent: a\n"
            "  - action: utter_story\n",
            "By name.",
            id="name-before-a-story-on-a-condition",
        ),
    ],
)
def test_rules_are_surer_than_stories_and_those_than_names(dialogues: str, answer: str) -> None:
    assert read_text(STORIES + dialogues).intents["a"].answer == answer


def test_what_most_stories_say_counts() -> None:
    story = "- story: s\n  steps: [{intent: a}, {action: utter_%s}]\n"
    several = "stories:\n" + story % "later" + story % "story" + story % "story"
    draft = read_text(STORIES + several)
    assert draft.intents["a"].answer == "By story."
    assert left_out(draft) == {FURTHER: 1, NOT_REACHED: 3}


def test_further_messages_are_no_part_of_the_answer() -> None:
    draft = read_text(
        STORIES + "rules:\n- rule: r\n  steps:\n  - intent: a\n  - action: utter_rule\n"
        "  - action: utter_later\n"
    )
    assert draft.intents["a"].answer == "By rule."
    assert left_out(draft)[FURTHER] == 1


def test_an_answer_by_a_program_is_counted_and_what_follows_it_is_no_answer() -> None:
    draft = read_text(
        "nlu:\n- intent: b\n  examples: '- how so'\n"
        "responses:\n  utter_did_that_help: [{text: Did that help?}]\n"
        "stories:\n- story: s\n  steps: [{intent: b}, {action: action_search},"
        " {action: utter_did_that_help}]\n"
    )
    assert draft.intents["b"].answer is None
    assert left_out(draft) == {BY_PROGRAM: 1, FURTHER: 1}


def test_an_answer_that_no_file_has_is_counted() -> None:
    draft = read_text(
        "nlu:\n- intent: b\n  examples: '- how so'\n"
        "rules:\n- rule: r\n  steps: [{intent: b}, {action: utter_elsewhere}]\n"
    )
    assert [(each.reason, each.text, each.line) for each in draft.left_out] == [
        (NOT_THERE, "utter_elsewhere", 2)
    ]


def test_stories_lead_from_one_intent_to_the_next() -> None:
    draft = read_text(
        STORIES + "- intent: b\n  examples: '- and then'\n"
        "stories:\n- story: s\n  steps: [{intent: a}, {action: utter_a}, {checkpoint: c}]\n"
        "- story: t\n  steps: [{checkpoint: c}, {intent: b}, {action: utter_later}]\n"
    )
    assert draft.intents["a"].follow_ups == ["b"]
    assert draft.intents["b"].answer == "Later."


def test_an_answer_may_be_reached_over_a_checkpoint() -> None:
    draft = read_text(
        STORIES.replace("utter_a:", "utter_z:")
        + "stories:\n- story: s\n  steps: [{intent: a}, {checkpoint: c}]\n"
        "- story: t\n  steps: [{checkpoint: c}, {action: utter_later}]\n"
    )
    assert draft.intents["a"].answer == "Later."


def test_the_answer_to_what_is_out_of_scope_belongs_to_no_intent() -> None:
    draft = read_text(
        "nlu:\n- intent: out_of_scope\n  examples: '- a pizza'\n"
        "responses:\n  utter_sorry: [{text: Sorry.}]\n"
        "rules:\n- rule: r\n  steps: [{intent: out_of_scope}, {action: utter_sorry}]\n"
    )
    assert (draft.intents, draft.out_of_scope) == ({}, ["a pizza"])
    assert left_out(draft) == {FALLBACK_ANSWER: 1}


def test_words_of_a_visitor_in_a_story_are_another_example() -> None:
    draft = read_text(
        "stories:\n- story: s\n  steps:\n  - user: |\n      where is [Anna](who)\n    intent: a\n"
        "  - user: /a\n    intent: a\n  - user: nobody knows\n"
    )
    assert draft.intents["a"].utterances == ["where is Anna"]
    assert left_out(draft) == {A_COMMAND: 1, NO_INTENT: 1}


RESPONSES = """\
nlu:
- intent: a
  examples: |
    - how so
responses:
  utter_a:
"""


@pytest.mark.parametrize(
    ("entries", "answer", "reasons"),
    [
        pytest.param("  - text: One.\n  - text: Two.", "One.", {}, id="variants"),
        pytest.param("  - Just so.", "Just so.", {}, id="text-alone"),
        pytest.param("  - text: yes", "yes", {}, id="text-that-is-a-boolean-elsewhere"),
        pytest.param("  - text: Hi {name}!", None, {NEEDS_A_VALUE: 1}, id="placeholder"),
        pytest.param(
            "  - text: Hi {name}!\n  - text: Hi!", "Hi!", {NEEDS_A_VALUE: 1}, id="one-without"
        ),
        pytest.param("  - text: 'Write {{name}}.'", "Write {name}.", {}, id="literal-braces"),
        pytest.param(
            "  - text: For some.\n    condition: [{type: slot}]\n  - text: For all.",
            "For all.",
            {ON_A_CONDITION: 1},
            id="condition",
        ),
        pytest.param(
            "  - text: In chat.\n    channel: slack\n  - text: Anywhere.",
            "Anywhere.",
            {},
            id="channel",
        ),
        pytest.param("  - custom: {blocks: []}", None, {A_PAYLOAD: 1}, id="payload"),
        pytest.param("  - text: ''", None, {EMPTY: 1}, id="empty"),
        pytest.param("  - [list]", None, {NOT_TEXT: 1}, id="wrong-type"),
        pytest.param("  -", None, {NOT_TEXT: 1}, id="null"),
        pytest.param(
            "  - text: See.\n    image: https://pictures.example/1.png\n",
            "See.\n\n![1.png](https://pictures.example/1.png)",
            {},
            id="image",
        ),
        pytest.param(
            "  - text: Which?\n    buttons:\n    - {title: Red, payload: '/red{\"x\": 1}'}\n"
            "    - {title: Shop, type: web_url, url: 'https://shop.example'}\n    - 5\n",
            "Which?\n\n- Red\n- [Shop](https://shop.example)",
            {},
            id="buttons",
        ),
    ],
)
def test_a_response_becomes_markdown(
    entries: str, answer: str | None, reasons: dict[str, int]
) -> None:
    draft = read_text(RESPONSES + entries + "\n")
    assert draft.intents["a"].answer == answer
    assert left_out(draft) == reasons


def test_buttons_lead_to_their_intents() -> None:
    buttons = "  - text: Which?\n    buttons: [{title: Red, payload: /red}, {title: B, payload: x}]"
    draft = read_text(RESPONSES + buttons + "\nintents: [red]\n")
    assert draft.intents["a"].follow_ups == ["red"]


def test_rows_without_use_are_counted() -> None:
    draft = read_text(
        "nlu:\n- intent: a\n  examples: |\n    - how so\n    -How  SO\n    goes on\n    -\n"
        "- examples: |\n    - whose\n- intent: b\n  examples:\n  - text: listed\n  - 7\n  -\n"
    )
    assert draft.intents["a"].utterances == ["how so"]
    assert draft.intents["b"].utterances == ["listed", "7"]
    assert left_out(draft) == {REPEATED: 1, NO_HYPHEN: 1, NO_INTENT: 1, NOT_TEXT: 1}


def test_a_text_of_two_intents_goes_to_neither() -> None:
    row = "- intent: %s\n  examples: |\n    - the [door](thing)\n"
    draft = read_text("nlu:\n" + row % "a" + row.replace("[door](thing)", "Door") % "b")
    assert [clash.intents for clash in draft.clashes] == [("a", "b")]
    assert left_out(draft) == {IN_TWO_INTENTS: 2}


MARKDOWN = """\
<!-- made by hand,
## intent:not_this
-->
## intent:opening
- when do you [open](verb)
* are you open <!-- today -->
## synonym:open
- unlocked
## intent:faq/parking
- where can I park
"""
MARKDOWN_STORIES = """\
## opening
* opening{"day": "monday"} OR closing
    - slot{"day": "monday"}
    - utter_hours
> checked
"""
MARKDOWN_ANSWERS = """\
## parking
* faq/parking
  - Behind the house,\\nto the left.
"""


def test_markdown_is_read_with_stories_and_retrieval_answers(tmp_path: Path) -> None:
    for name, content in {
        "nlu.md": MARKDOWN,
        "stories.md": MARKDOWN_STORIES,
        "responses.md": MARKDOWN_ANSWERS,
        "README.md": "# Bot\n* runs\n  - fast\n",
        "domain.yml": "templates:\n  utter_hours:\n  - text: Nine to five.\n",
    }.items():
        (tmp_path / name).write_text(content)
    draft = read_path(tmp_path)
    assert answers(draft) == {
        "opening": "Nine to five.",
        "faq-parking": "Behind the house,\nto the left.",
        "closing": "Nine to five.",
    }
    assert draft.intents["opening"].utterances == ["when do you open", "are you open"]
    assert left_out(draft) == {NOT_A_QUESTION: 1}


def test_markdown_alone_is_told_by_its_headings() -> None:
    draft = read_text(MARKDOWN, "questions.txt")
    assert list(draft.intents) == ["opening", "faq-parking"]


OLD_JSON = """\
{"rasa_nlu_data": {
  "common_examples": [
    {"text": "no heat", "intent": "heating", "entities": []},
    {"text": "cold [room]", "intent": "heating"},
    {"text": "lonely"}, {"text": null, "intent": "heating"}, 7],
  "regex_features": [{"name": "zip"}], "entity_synonyms": [{"value": "heat"}], "lookup_tables": 1}}
"""


def test_json_of_the_first_versions_is_read() -> None:
    draft = read_text(OLD_JSON, "data.json")
    assert draft.intents["heating"].utterances == ["no heat", "cold [room]"]
    assert left_out(draft) == {NO_INTENT: 1, NOT_TEXT: 2, NOT_A_QUESTION: 2}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("credentials.yml", "rest:\n  token: abc\n", "file of keys", id="keys"),
        pytest.param("config.yml", "language: en\npipeline: []\n", "configuration", id="config"),
        pytest.param(
            "answer.json",
            '{"text": "abc", "intent": {"name": "x"}, "intent_ranking": []}',
            "is a prediction of Rasa",
            id="prediction",
        ),
    ],
)
def test_another_file_of_rasa_is_named_and_not_quoted(name: str, content: str, reason: str) -> None:
    message = refusal(content, name)
    assert reason in message
    assert "abc" not in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("nlu:\n- intent: a\n  examples: 'x\n", "not YAML", id="open-quote"),
        pytest.param("nlu:\n- intent: a\n\tb: c\n", "nlu.yml:3: is not YAML", id="tab"),
        pytest.param("nlu:\n- intent: *a\n", "nlu.yml:2: repeats something", id="no-anchor"),
        pytest.param("nlu:\n- intent: a\nnlu: []\n", "nlu.yml:3: has a key", id="key-twice"),
        pytest.param("nlu:\n- intent: a\n---\nnlu: []\n", "several documents", id="documents"),
        pytest.param("nlu:\n- intent: a\n  x: \x01\n", "control characters", id="control"),
        pytest.param("nlu:\n- intent: a\n  ? [x]\n  : y\n", "where a name belongs", id="key"),
        pytest.param("nlu:\n- intent: a\n  x: " + "[" * 999, "nested too deeply", id="deep"),
        pytest.param(b"nlu:\n- intent: a\xff\n", "is not UTF-8 (byte 1", id="latin-1"),
    ],
)
def test_damaged_yaml_is_refused_with_its_line(content: str | bytes, message: str) -> None:
    assert message in refusal(content)


@pytest.mark.parametrize("value", ["", "5", "text", "[5, [a], {b: c}, null]", "{a: {b: [c]}}"])
@pytest.mark.parametrize(
    "frame",
    [
        "{nlu}version: %s",
        "{nlu}- intent: %s",
        "{nlu}- intent: b\n  examples: %s",
        "{nlu}- intent: b\n  metadata: %s",
        "{nlu}responses: %s",
        "{nlu}responses:\n  utter_a: %s",
        "{nlu}responses:\n  utter_a:\n  - text: %s\n    buttons: %s",
        "{nlu}responses:\n  utter_a:\n  - buttons:\n    - title: %s\n      payload: %s",
        "{nlu}intents: %s",
        "{nlu}rules: %s",
        "{nlu}rules:\n- rule: r\n  steps: %s",
        "{nlu}rules:\n- rule: r\n  steps:\n  - intent: %s\n  - action: %s",
        "{nlu}rules:\n- rule: r\n  steps:\n  - or: %s\n    user: %s",
    ],
)
def test_a_value_of_a_wrong_type_spoils_nothing_else(frame: str, value: str) -> None:
    start = "nlu:\n- intent: kept\n  examples: |\n    - how so\n"
    draft = read_text(frame.replace("{nlu}", start).replace("%s", value))
    assert draft.intents["kept"].utterances == ["how so"]


def test_every_beginning_of_a_file_is_read_or_refused() -> None:
    whole = NLU + RULES + DOMAIN
    for end in range(0, len(whole), 7):
        try:
            read_source(source_of("nlu.yml", whole[:end].encode()))
        except InvalidCatalogue as error:
            assert error.mistakes  # noqa: PT017 most beginnings are read


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("topic: T\nintents:\n- name: a\n  title: A\n", id="own-file"),
        pytest.param("openapi: 3.0.0\nresponses:\n  ok: {description: x}\n", id="open-api"),
        pytest.param("text,intent\nnlu: what,a\n", id="own-table"),
        pytest.param("rules:\n- alert: Down\n", id="monitoring"),
    ],
)
def test_other_files_are_not_taken_for_rasa(content: str) -> None:
    assert not rasa.FORMAT.sniff(source_of("faq.yml", content.encode()))


def written_and_read(draft: CatalogueDraft, tmp_path: Path) -> CatalogueDraft:
    assert rasa.FORMAT.write is not None
    for name, content in rasa.FORMAT.write(draft).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return read_path(tmp_path)


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    draft = CatalogueDraft()
    for intent in (
        IntentDraft(
            "vpn",
            "Connect: the VPN?",
            "Network",
            "Type `{name}`,\n\n- then [this](https://a.example)\n- # wait  \nor so: 'yes'",
            utterances=["VPN is [down](x)", "- dash", "/etc is full", "on", "a: b # c", "🙂 help"],
            follow_ups=["off", "wifi"],
        ),
        IntentDraft("off", "Off", has_own_title=False, utterances=["no"], follow_ups=["vpn"]),
        IntentDraft(
            "wifi", "Wi-Fi", answer="007", enabled=False, utterances=["~", "null and void"]
        ),
        IntentDraft("büro", "Büro", answer="null", enabled=True),
    ):
        draft.intents[intent.name] = intent
    draft.out_of_scope = ["order a pizza"]
    draft.intents["wifi"].utterances.remove("~")
    read = written_and_read(draft, tmp_path)
    assert read.intents == draft.intents
    assert list(read.intents) == list(draft.intents)
    assert read.out_of_scope == draft.out_of_scope
    assert read.left_out == []


def test_what_was_read_is_written_so_that_it_reads_the_same(bot: Path, tmp_path: Path) -> None:
    draft = read_path(bot)
    read = written_and_read(draft, tmp_path / "again")
    draft.intents["faq-badge"].has_own_title = True
    assert (read.intents, read.out_of_scope) == (draft.intents, draft.out_of_scope)


def test_a_draft_of_our_own_yaml_is_written_too(tmp_path: Path) -> None:
    own = (
        "intents:\n- name: vpn\n  title: VPN\n  answer: Start it.\n  utterances: [no tunnel]\n"
        "out_of_scope: {far: [a pizza]}\n"
    )
    draft = read_source(source_of("faq.yaml", own.encode()))
    read = written_and_read(draft, tmp_path)
    assert (read.intents, read.out_of_scope) == (draft.intents, draft.out_of_scope)


def test_an_empty_draft_is_written_too(tmp_path: Path) -> None:
    assert rasa.FORMAT.write is not None
    assert set(rasa.FORMAT.write(CatalogueDraft())) == {
        "data/nlu.yml",
        "data/rules.yml",
        "data/stories.yml",
        "domain.yml",
    }
