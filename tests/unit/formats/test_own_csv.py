import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import own_csv, tables
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.own_csv import write_csv
from chatbot.formats.registry import read_source
from chatbot.formats.source import source_of


def read(content: str | bytes) -> CatalogueDraft:
    encoded = content.encode() if isinstance(content, str) else content
    return read_source(source_of("faq.csv", encoded))


def mistakes(content: str | bytes) -> list[str]:
    with pytest.raises(InvalidCatalogue) as refused:
        read(content)
    return [str(mistake) for mistake in refused.value.mistakes]


READ = {
    "utf-16": "text,intent\nno wifi,wifi\n".encode("utf-16"),
    "semicolons": b"text;intent\nno wifi;wifi\n",
    "tabs": b"text\tintent\nno wifi\twifi\n",
    "separator-said": b"sep=;\r\ntext;intent\r\nno wifi;wifi\r\n",
    "separator-said-in-quotes": b'"sep=\t"\nText\tIntent\nno wifi\twifi\n',
    "line-ends-of-old-macs": b"text,intent\rno wifi,wifi\r",
    "header-in-any-case": b" Intent , TEXT\nwifi,no wifi\n",
    "cleared-rows": b",,\ntext,intent,\n,,\nno wifi,wifi,\n,,\n\n",
    "other-names-of-columns": b"Question,Label\nno wifi,wifi\n",
    "categories-for-intents": b"text,category\nno wifi,wifi\n",
    "question-with-a-title": b"Question;Answer;Topic;Title\nno wifi;Ask;Net;Wifi\n",
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_a_table_is_read_as_any_spreadsheet_writes_it(content: bytes) -> None:
    draft = read(content)
    assert draft.format == "csv"
    assert draft.intents["wifi"].utterances == ["no wifi"]
    assert not draft.left_out


MISREAD = {
    "comma-in-an-answer": (
        "text,intent,answer\nhow do I order toner,toner,Open the shop, then pick Toner.\n",
        "faq.csv:2: has 4 cells, the header 3; put a text that holds “,” in quotes",
    ),
    "comma-in-a-question": (
        "text,intent,answer\nhow do I order toner, please,toner,Open the shop.\n",
        "faq.csv:2: has 4 cells, the header 3; put a text that holds “,” in quotes",
    ),
    "comma-in-a-question-of-a-row-that-ends-early": (
        "text,intent,answer,title,topic,enabled\nno toner, please,toner,Open the shop.\n",
        "faq.csv:2: has 4 cells, the header 6",
    ),
    "semicolon-in-a-question": (
        "text;intent\nno toner; help;toner\n",
        "faq.csv:2: has 3 cells, the header 2; put a text that holds “;” in quotes",
    ),
    "another-separator-below": (
        "text,intent\nno toner;toner\n",
        "faq.csv:2: “” cannot name an intent: the line has 1 cell, the header 2",
    ),
    "cell-without-a-name": (
        "text,intent,,answer\nno toner,toner,a note,Ask.\n",
        "faq.csv:2: has something in cell 3, which the header has no name for",
    ),
    "quote-not-closed": (
        'text,intent\nok go,a\n"no toner,toner\nno ink,ink\n',
        "faq.csv:3: is not a CSV file: unexpected end of data; check the quotes",
    ),
    "quote-closed-too-early": (
        'text,intent\n"Guest" network,wifi\n',
        "faq.csv:2: is not a CSV file: ',' expected after '\"'; check the quotes",
    ),
    "misspelt-column": (
        "text,intent,answr\nno toner,toner,Ask.\n",
        "faq.csv:1: “answr” is no column; is “answer” meant?",
    ),
    "two-columns-of-texts": (
        "question,utterance,intent\na b,c d,e\n",
        "faq.csv:1: “question” and “utterance” both say the text",
    ),
    "one-column-twice": (
        "text,intent,text\na b,c,d e\n",
        "faq.csv:1: “text” and “text” both say the text",
    ),
    "labels-of-one-name": (
        "text,intent\nC plus,C++\nC sharp,C#\n",
        "faq.csv:3: “C++” and “C#” are one intent, “c”; give one another name",
    ),
    "labels-that-fold": (
        "text,intent\nhow tall,Maße\nhow heavy,Masse\n",
        "faq.csv:3: “Maße” and “Masse” are one intent, “masse”; give one another name",
    ),
    "two-answers": (
        "text,intent,answer\nno toner,toner,Ask.\nno ink,toner,Wait.\n",
        "faq.csv:3: “toner” has another answer already",
    ),
    "two-titles": (
        "text,intent,title\nno toner,toner,Ask\nno ink,toner,Wait\n",
        "faq.csv:3: “toner” has another title already",
    ),
    "on-and-off": (
        "text,intent,enabled\nno toner,toner,yes\nno ink,toner,no\n",
        "faq.csv:3: “toner” is enabled in one line and not in another",
    ),
    "nul": (
        "text,intent,answer\r\nno toner,toner,A\x00sk.\r\n",
        "faq.csv:2: holds a NUL character; save it as UTF-8",
    ),
    "line-of-a-long-cell": (
        'text,intent\n"no\ntoner",\n',
        "faq.csv:2: “” cannot name an intent",
    ),
    "line-after-what-says-the-separator": (
        "sep=;\ntext;intent\nno toner;\n",
        "faq.csv:3: “” cannot name an intent",
    ),
}


@pytest.mark.parametrize(("content", "first"), MISREAD.values(), ids=MISREAD)
def test_what_would_be_misread_is_refused_with_its_line(content: str, first: str) -> None:
    assert mistakes(content)[0].startswith(first)
    assert len(mistakes(content)) == 1


def test_labels_that_differ_in_case_and_blanks_are_one_intent() -> None:
    [intent] = read("text,intent\na b,VPN problem\nc d,vpn-problem\ne f,Vpn  Problem\n").intents
    assert intent == "vpn-problem"


@pytest.mark.parametrize(
    "labels",
    [["VPN连接", "VPN断开", "Сброс VPN"], ["订单1", "退款1"], ["Büro", "Buro"], ["x_", "x"]],
)
def test_labels_keep_the_letters_of_their_script(labels: list[str]) -> None:
    rows = "".join(f"how about {label},{label}\n" for label in labels)
    names = read(f"text,intent\n{rows}").intents
    assert list(names) == [label.lower().replace(" ", "-") for label in labels]


def test_an_unknown_column_is_not_passed_over_in_silence() -> None:
    draft = read("id,text,intent\n1,no toner,toner\n")
    assert [(each.reason, each.text, each.line) for each in draft.left_out] == [
        (own_csv.UNKNOWN_COLUMN, "id", 1)
    ]


def test_a_list_of_questions_with_topics_names_intents_after_the_questions() -> None:
    draft = read("Question;Category;Answer\nNo toner?;Printing;Ask; \n".replace("; \n", "\n"))
    assert list(draft.intents.values()) == [
        IntentDraft("no-toner", "No toner?", "Printing", "Ask", utterances=["No toner?"])
    ]


def test_line_breaks_in_quotes_stay() -> None:
    draft = read('title;answer\r\nToner;"Open the shop;\r\n\r\npick ""Toner""."\r\n')
    assert draft.intents["toner"].answer == 'Open the shop;\r\n\r\npick "Toner".'


def test_what_is_written_is_read_in_any_separator() -> None:
    written = write_csv(
        [
            IntentDraft(
                "x_", "Order, ink", "Net", "One; two\n\nthree", True, False, ["a,b", "c;d"]
            ),
            IntentDraft("büro", "Büro", utterances=["=1+1", "'=x"], enabled=True),
        ]
    )
    draft = read(written)
    assert write_csv(draft.intents.values()) == written


def test_a_file_of_mistakes_only_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_csv, "_MOST_MISTAKES", 3)
    found = mistakes("text,intent\n" + "x,\n" * 50)
    assert len(found) == 4
    assert found[-1] == "faq.csv:5: and whatever follows was not read any more"


def test_more_rows_than_any_faq_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_ROWS", 3)
    assert mistakes("text,intent\na b,c\nd e,c\nf g,c\n") == ["faq.csv: has more than 3 rows"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b",,,\n", b'"', b"sep=;", b"sep=;\n", b"\xff\xfe", b"text,intent", b"{}", b"\0"],
)
def test_what_is_no_table_raises_nothing_else(content: bytes) -> None:
    try:
        size = read(content).size
    except InvalidCatalogue:
        size = 0
    assert size == 0
