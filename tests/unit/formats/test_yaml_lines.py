import pytest
import yaml

from chatbot.formats.yaml_lines import LINE, line_of, load

FAQ = """\
topic: Network

intents:
  - name: wifi
    utterances: [no wifi,
      slow wifi]
"""


def test_mappings_lists_and_strings_know_where_they_begin() -> None:
    read = load(FAQ)
    [wifi] = read["intents"]
    assert (line_of(read), read[LINE]) == (1, 1)
    assert line_of(read["topic"]) == 1
    assert (line_of(read["intents"]), line_of(wifi)) == (4, 4)
    assert line_of(wifi["utterances"]) == 5
    assert wifi["utterances"].lines == [5, 6]
    assert [line_of(text) for text in wifi["utterances"]] == [5, 6]


def test_strings_are_strings_and_other_values_are_what_they_were() -> None:
    read = load("text: hello\nnumber: 7\nflag: yes\nnothing:\nfolded: >\n  one\n  two\n")
    assert read["text"] == "hello"
    assert (read["number"], read["flag"], read["nothing"]) == (7, True, None)
    assert read["folded"] == "one two\n"
    assert (line_of(read["number"]), line_of(read["nothing"])) == (0, 0)


@pytest.mark.parametrize(
    "text",
    ["a: &x [1]\nb: *x\n", "a: [1", "[" * 50_000, "!!python/object/apply:os.getcwd []"],
    ids=["an-alias", "half-a-list", "deep", "code"],
)
def test_what_could_do_harm_or_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load(text)
