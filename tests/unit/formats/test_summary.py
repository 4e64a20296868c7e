from chatbot.domain.answer_links import Surroundings
from chatbot.formats.draft import CatalogueDraft, FileClash, IntentDraft, LeftOut, Others
from chatbot.formats.summary import Summary

DRAFT = CatalogueDraft(
    intents={
        "a": IntentDraft("a", "A", answer="Yes.", utterances=["x", "y"], variants=["Sure."]),
        "b": IntentDraft("b", "B", enabled=False, follow_ups=["a"]),
    },
    out_of_scope=["z"],
    format="luis",
    left_out=[LeftOut(reason, "t", "f") for reason in ("rare", "often", "often")],
    clashes=[FileClash("t", ("a", "b"), "f")],
    languages={"en": 2, "de": 1},
    language="en",
    others={"de": Others(utterances=1, answers=2)},
    personal=3,
)


def test_a_summary_counts_what_there_is_and_what_is_not() -> None:
    assert Summary.of(DRAFT).to_json() == {
        "format": "luis",
        "intents": 2,
        "utterances": 2,
        "answers": 1,
        "out_of_scope": 1,
        "disabled": 1,
        "languages": ["de", "en"],
        "clashes": 1,
        "left_out": {"often": 2, "rare": 1},
        "variants": 1,
        "follow_ups": 1,
        "personal": 3,
        "dead_links": 0,
        "linked_pictures": 0,
        "in_context": 0,
        "language": "en",
        "others": {"de": {"utterances": 1, "answers": 2}},
    }
    assert list(Summary.of(DRAFT).left_out) == ["often", "rare"], "the most frequent first"


def test_a_summary_counts_what_visitors_will_not_see() -> None:
    answer = "[a](page://1) [b](/b) ![c](https://cdn.example/c.png) ![d](d.png)"
    draft = CatalogueDraft({"a": IntentDraft("a", "A", answer=answer)})
    shown = Surroundings("", frozenset({"https://cdn.example"}))
    plain, with_pictures = Summary.of(draft), Summary.of(draft, shown)
    assert (plain.dead_links, plain.linked_pictures) == (1, 2)
    assert (with_pictures.dead_links, with_pictures.linked_pictures) == (1, 1)
