import io
import json
import zipfile
from collections import Counter
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import gathering, qna_pairs, qnamaker
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.registry import read_source
from chatbot.formats.source import Source, source_of
from chatbot.formats.summary import Summary

EIGHT = "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\n"
TEA, BREW = "How do I make tea?", "How long does it steep?"


def tsv(*rows: str, header: str = "Question\tAnswer\tSource\n") -> bytes:
    return (header + "".join(f"{row}\n" for row in rows)).encode()


def packed(files: dict[str, bytes]) -> Source:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as into:
        for path, content in files.items():
            into.writestr(path, content)
    return source_of("kb.zip", archive.getvalue())


def book(**sheets: list[list[object]]) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def read(content: bytes, name: str = "kb.tsv") -> CatalogueDraft:
    draft = read_source(source_of(name, content))
    assert draft.format in ("qnamaker", "botpress"), "which reads such a list as well"
    return draft


def reasons(draft: CatalogueDraft) -> Counter[str]:
    return Counter(each.reason for each in draft.left_out)


def refusal(content: bytes | Source, name: str = "kb.tsv") -> str:
    source = source_of(name, content) if isinstance(content, bytes) else content
    with pytest.raises(InvalidCatalogue) as refused:
        read_source(source)
    return str(refused.value)


@pytest.mark.parametrize(
    "mark", [b"", b"\xef\xbb\xbf"], ids=["without-a-mark", "with-a-byte-order-mark"]
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_of_one_answer_are_one_intent(mark: bytes, end: bytes) -> None:
    content = tsv(
        f"{TEA}\tBoil water.\\n\\nThen wait.\tEditorial",
        "Where is the kettle?\tIn the kitchen.\tEditorial",
        "tea please\tBoil water.\\n\\nThen wait.\tEditorial",
    )
    tea, kettle = read(mark + content.replace(b"\n", end)).intents.values()
    assert (tea.name, tea.title) == ("how-do-i-make-tea", TEA)
    assert tea.utterances == [TEA, "tea please"]
    assert tea.answer == "Boil water.\n\nThen wait."
    assert (kettle.answer, kettle.enabled) == ("In the kitchen.", None)


def test_columns_are_found_by_name_in_any_order_and_number() -> None:
    header = " SOURCE \tanswer\tMetadata\tquestion\n"
    [intent] = read(tsv(f"x.docx\tBoil.\t\t{TEA}", header=header)).intents.values()
    assert (intent.answer, intent.utterances) == ("Boil.", [TEA])


def test_ids_tell_pairs_apart_that_have_one_answer_and_quotes_are_plain_characters() -> None:
    draft = read(
        tsv(
            f'"{TEA}" she said\tTry "again\tEditorial\t\t[]\tFalse\t[]\t96',
            f'{BREW}\tTry "again\tEditorial\t\t[]\tFalse\t[]\t99',
            'steep\tTry "again\tEditorial\t\t[]\tFalse\t[]\t99',
            header=EIGHT,
        )
    )
    one, two = draft.intents.values()
    assert one.utterances == [f'"{TEA}" she said']
    assert two.utterances == [BREW, "steep"]
    assert one.answer == two.answer == 'Try "again'


@pytest.mark.parametrize(
    "prompt",
    [
        {"DisplayOrder": 0, "QnaId": 2, "Qna": None, "DisplayText": "Steeping"},
        {"displayOrder": 0, "qnaId": 2, "displayText": "Steeping"},
    ],
    ids=["service", "documentation"],
)
def test_prompts_lead_on_and_what_needs_a_context_is_not_matched_alone(
    prompt: dict[str, Any],
) -> None:
    gone = {"qnaId": 77, "displayText": "Gone"}
    draft = read(
        tsv(
            f"{TEA}\tBoil.\tEditorial\t\t[]\tFalse\t{json.dumps([prompt, gone])}\t1",
            f"{BREW}\tThree minutes.\tEditorial\t\t[]\tTrue\t[]\t2",
            header=EIGHT,
        )
    )
    tea, brew = draft.intents.values()
    assert tea.follow_ups == [brew.name]
    assert (brew.title, brew.answer, brew.utterances) == (BREW, "Three minutes.", [])
    assert (tea.enabled, brew.enabled, brew.needs_context) == (None, False, True)
    assert (Summary.of(draft).disabled, Summary.of(draft).in_context) == (1, 1)
    assert reasons(draft) == {qna_pairs.CONTEXT_ONLY: 1, qna_pairs.LEADS_NOWHERE: 1}


def test_a_pair_within_a_prompt_is_a_pair() -> None:
    nested = {"questions": [BREW], "answer": "Three minutes.", "source": "Editorial"}
    prompts = json.dumps([{"displayText": "Steeping", "qnaId": 0, "qna": nested}])
    draft = read(tsv(f"{TEA}\tBoil.\tEditorial\t\t[]\tFalse\t{prompts}\t1", header=EIGHT))
    assert {each.title: each.follow_ups for each in draft.intents.values()} == {
        TEA: ["how-long-does-it-steep"],
        BREW: [],
    }


def test_suggestions_are_no_utterances_and_tags_are_counted() -> None:
    cluster = {"ClusterHead": "tea", "AlternateQuestionList": [{"Question": "tea quickly"}]}
    draft = read(
        tsv(
            f"{TEA}\tBoil.\tx\tcategory:Drinks | status: draft\t{json.dumps([cluster])}\tFalse\t[]\t1",
            header=EIGHT,
        )
    )
    [tea] = draft.intents.values()
    assert (tea.utterances, tea.topic) == ([TEA], "Drinks")
    assert [(each.reason, each.text) for each in draft.left_out] == [
        (qna_pairs.SUGGESTED, "tea quickly"),
        (qna_pairs.TAG, "status:draft"),
    ]


def test_a_question_with_two_answers_goes_to_neither() -> None:
    rows = [f"{TEA}\tBoil.\tx", f"{TEA}\tBuy it.\tx", f"{BREW}\tBuy it.\tx"]
    draft = read(tsv(*rows))
    assert sorted(each.utterances for each in draft.intents.values()) == [[], [BREW]]
    assert {each.title for each in draft.intents.values()} == {TEA}
    assert (len(draft.clashes), reasons(draft)) == (1, {gathering.IN_TWO_INTENTS: 2})
    assert set(read(tsv(*reversed(rows[:2]))).intents) == set(read(tsv(*rows[:2])).intents)


def test_questions_without_an_answer_stay_apart_and_answers_without_a_question_are_counted() -> (
    None
):
    draft = read(tsv(f"{TEA}\t\tx", f"{BREW}\t\tx", "\tAlone.\tx", "a\tb\tc\td"))
    assert [(each.title, each.answer) for each in draft.intents.values()] == [
        (TEA, None),
        (BREW, None),
    ]
    assert reasons(draft) == {qna_pairs.NO_QUESTION: 1, qnamaker.TOO_MANY_CELLS: 1}


def test_a_table_that_a_spreadsheet_saved_with_quotes_loses_them() -> None:
    prompts = '"[{""QnaId"":2,""DisplayText"":""Steeping""}]"'
    draft = read(
        tsv(
            f'"Tea, please"\t"Say ""please"".\nThen boil."\tx\t\t[]\tFalse\t{prompts}\t1',
            f"{BREW}\tThree minutes.\tx\t\t[]\tFalse\t[]\t2",
            header=EIGHT,
        )
    )
    tea, brew = draft.intents.values()
    assert tea.utterances == ["Tea, please"]
    assert tea.answer == 'Say "please".\nThen boil.'
    assert tea.follow_ups == [brew.name]


def test_chit_chat_has_answers_only_with_their_variants() -> None:
    draft = read(tsv("Bot_Age\tOld.\tx", "Bot_Age\tVery old.", header="Scenario\tResponse\n"))
    [age] = draft.intents.values()
    assert (age.name, age.title, age.answer, age.utterances) == ("bot_age", "Bot Age", "Old.", [])
    assert (age.variants, reasons(draft)) == (["Very old."], {})


PACKAGE = {
    "kb/QnAs.tsv": tsv(f"{TEA}\tBoil.\tx\t\t[]\tFalse\t[]\t1", header=EIGHT),
    "kb/Settings.tsv": b"Key\tValue\nLanguage\tEnglish\nDefaultAnswerForKB\tNo idea.\n",
    "kb/Synonyms.tsv": b'Synonyms\n"tea","infusion, hot"\n',
    "kb/UnstructuredContent/tea.pdf.txt": b"# Tea\n",
    "kb/notes.md": b"Question\tAnswer\n",
}


def test_a_package_has_its_language_and_what_has_no_place_is_counted() -> None:
    draft = read_source(packed(PACKAGE))
    assert draft.languages == {"en": 1}
    assert [(each.reason, each.text) for each in draft.left_out] == [
        (qnamaker.IS_DEFAULT_ANSWER, "No idea."),
        (qnamaker.IS_SYNONYM, '"tea","infusion, hot"'),
        (qnamaker.IS_DOCUMENT, "kb/UnstructuredContent/tea.pdf.txt"),
    ]


def test_a_workbook_of_three_sheets_is_the_same_package() -> None:
    content = book(
        QnAs=[
            [*EIGHT.strip().split("\t")],
            [TEA, "Boil.\\nWait.", "x", None, "[]", "False", "[]", 1],
            ["tea", "Boil.\\nWait.", "x", None, "[]", False, "[]", "1"],
        ],
        Synonyms=[["Synonyms"], ['"tea","infusion"']],
        Settings=[["Key", "Value"], ["Language", "Portuguese (Brazil)"]],
    )
    for draft in (
        read(content, "KnowledgeBaseReplica.xlsx"),
        read_source(packed({"KnowledgeBaseReplica.xlsx": content})),
    ):
        [tea] = draft.intents.values()
        assert (tea.answer, tea.utterances) == ("Boil.\nWait.", [TEA, "tea"])
        assert draft.languages == {"pt-br": 2}


def test_a_workbook_of_questions_and_answers_in_html_becomes_markdown() -> None:
    content = book(Sheet1=[["Question", "Answer"], [TEA, "<p>Boil <b>water</b>.</p>"]])
    [tea] = read(content, "faq.xlsx").intents.values()
    assert tea.answer == "Boil **water**."


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_plain_list_of_questions_and_answers_may_be_quoted(separator: str) -> None:
    content = f'Question{separator}Answer\n{TEA}{separator}"Boil, then; wait."\n'.encode()
    [tea] = read(content, "faq.csv").intents.values()
    assert tea.answer == "Boil, then; wait."


def test_a_comma_without_quotes_is_refused_with_its_line_where_commas_part_cells() -> None:
    content = b"Question,Answer\nNo tea?,Boil.\nTea, please?,Boil.\n"
    assert refusal(content, "faq.csv") == (
        "faq.csv:3: has more cells than the header; put a text that holds “,” in quotes"
    )


def test_a_column_of_another_product_is_counted() -> None:
    header = "Question\tAnswer\tSource\tMetadata\tOwner\n"
    draft = read(tsv(f"{TEA}\tBoil.\tx\t\tAnn", header=header))
    assert reasons(draft) == {qnamaker.UNKNOWN_COLUMN: 1}


def test_ids_of_a_plain_list_say_which_questions_belong_together() -> None:
    content = f"ID,Question,Answer\nQA1,{TEA},Boil.\nQA1,tea,Boil.\nQA2,{BREW},Boil.\n".encode()
    tea, brew = read(content, "faq.csv").intents.values()
    assert (tea.utterances, brew.utterances) == ([TEA, "tea"], [BREW])


PAIR = {"id": 1, "answer": "Boil.\nWait.", "source": "x", "questions": [TEA, "tea"]}
NEXT = {"displayOrder": 0, "qnaId": 2, "displayText": "Steeping"}
OTHER = {"id": 2, "answer": "Three.", "source": "x", "questions": [BREW], "metadata": []}
JSON: dict[str, Any] = {
    "project": {
        "metadata": {"language": "de", "settings": {"defaultAnswer": "No idea."}},
        "assets": {
            "synonyms": [{"alterations": ["tea", "infusion"]}],
            "qnas": [
                PAIR | {"metadata": {"topic": "Drinks"}, "dialog": {"prompts": [NEXT]}},
                OTHER,
            ],
        },
    },
    "knowledge-base": {
        "qnaDocuments": [
            PAIR
            | {
                "metadata": [{"name": "topic", "value": "Drinks"}],
                "context": {"isContextOnly": False, "prompts": [NEXT]},
            },
            OTHER,
        ]
    },
    "list": [PAIR | {"metadata": {"topic": "Drinks"}, "dialog": {"prompts": [NEXT]}}, OTHER],
}


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
def test_json_of_both_services_is_read(content: Any) -> None:
    draft = read(json.dumps(content).encode(), "kb.json")
    tea, brew = draft.intents.values()
    assert (tea.answer, tea.topic, tea.utterances) == ("Boil.\nWait.", "Drinks", [TEA, "tea"])
    assert tea.follow_ups == [brew.name]
    assert draft.languages in ({"de": 3}, {})


def test_what_is_written_reads_as_the_same_and_imports_elsewhere() -> None:
    intents = [
        IntentDraft("x_", "Tea: how | 100%", "Hot|cold", "a\\nb\nc\\\\n\td &#9; &#38;", True, True),
        IntentDraft("büro", "Büro", "", None, True, False, follow_ups=["x_"]),
        IntentDraft("cap", "Cap", "", 'Say "x".\r\nDone', True, None, ["50% | C:\\new", '"q"']),
        IntentDraft("cap-2", "Cap", "", 'Say "x".\r\nDone', True, None, ["=1", "it's"]),
    ]
    intents[0].utterances = [TEA, "x", "=y"]
    draft = CatalogueDraft(intents={each.name: each for each in intents})
    write = qnamaker.FORMAT.write
    assert write is not None
    [(name, content)] = write(draft).items()
    assert read(content, name).intents == draft.intents
    assert not read(content, name).left_out
    lines = content.decode("utf-8-sig").splitlines()
    assert lines[0] == EIGHT.strip()
    assert all(len(line.split("\t")) == 8 and all(line.split("\t")[:2]) for line in lines)


def test_tags_of_another_bot_name_no_intents_if_several_pairs_have_them() -> None:
    header = "Question\tAnswer\tMetadata\n"
    draft = read(tsv(f"{TEA}\tBoil.\tintent:faq", f"{BREW}\tThree.\tintent:faq", header=header))
    assert [each.title for each in draft.intents.values()] == [TEA, BREW]
    assert reasons(draft) == {qna_pairs.TAG: 2}


WRONG = {
    "synonyms": (b'Synonyms\n"tea","infusion"\n', "is a list of synonyms, not the questions"),
    "settings": (PACKAGE["kb/Settings.tsv"], "is the settings, not the questions"),
    "response": (
        json.dumps({"answers": [{"answer": "secret", "score": 99}]}).encode(),
        "is an answer of the service, not the questions",
    ),
}


@pytest.mark.parametrize(("content", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_kind_of_file_is_named_and_not_echoed(content: bytes, reason: str) -> None:
    assert reason in refusal(content)
    assert "secret" not in refusal(content)


def test_several_knowledge_bases_are_refused() -> None:
    one = PACKAGE["kb/QnAs.tsv"]
    assert refusal(packed({"a/QnAs.tsv": one, "b/QnAs.tsv": one})) == (
        "kb.zip: holds several knowledge bases (a/QnAs.tsv, b/QnAs.tsv); hand over one of them"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"text,intent,answer\nno tea,tea,Boil.\n",
        b"Question,Intent,Answer\nno tea,tea,Boil.\n",
        b"Question;Answer;Category\nno tea;Boil.;Drinks\n",
        b"intents:\n- name: tea\n",
        b'{"intents": []}',
        b'{"assets": {"intents": []}}',
        b"",
    ],
)
def test_files_of_others_are_left_to_them(content: bytes) -> None:
    assert not qnamaker.FORMAT.sniff(source_of("x.csv", content))


RECORDS: list[list[Any]] = [
    [],
    [None, 1, "x", [], {}],
    [{"questions": None, "answer": 1, "id": True}],
    [{"questions": [1, None], "answer": None, "metadata": 5, "context": []}],
    [{"questions": ["a b"], "metadata": [1, {"name": 1}], "context": {"prompts": [1]}}],
    [{"questions": ["a b"], "context": {"prompts": [{"qna": {"questions": 5}}]}}],
    [{"questions": ["a b"], "context": {"prompts": [{"qna": 5, "qnaId": 1.5}]}}],
    [{"questions": ["a b"], "activeLearningSuggestions": [{"suggestedQuestions": [5]}]}],
]
DAMAGED = [
    tsv(f"{TEA}\tBoil.\tx\t|::|\t[{{\tmaybe\t[1, null, {{}}]\t-1", header=EIGHT),
    tsv(f"{TEA}\tBoil.\tx\t\t" + "[" * 5000 + "\tTrue\t{}\tx", header=EIGHT),
    tsv("\t\t\t", "\0\t\0", header=EIGHT),
    b"Question\tAnswer",
    b"Question\tAnswer\n\xff\xfe\xff",
    *(json.dumps({"qnaDocuments": records}).encode() for records in RECORDS),
    b'{"metadata": [], "assets": {"qnas": [], "synonyms": [1, {"alterations": 2}]}}',
    b'{"metadata": {"language": 5, "settings": 7}, "assets": {"qnas": [], "synonyms": 1}}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_files_raise_nothing_else(content: bytes) -> None:
    try:
        intents = read_source(source_of("kb.tsv", content)).intents
    except InvalidCatalogue:
        intents = {}
    assert len(intents) < 2


def test_an_empty_catalogue_is_a_table_too() -> None:
    write = qnamaker.FORMAT.write
    assert write is not None
    assert read(write(CatalogueDraft())["qna.tsv"]).size == 0
