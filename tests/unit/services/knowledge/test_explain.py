from chatbot.bootstrap import Parts
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.explain import list_neighbours, nearest_of_each


def test_the_nearest_phrasing_is_the_one_that_was_meant(parts: Parts) -> None:
    with parts.database.read() as session:
        near = list_neighbours(session, parts.live.current(), "please reset my password")
    assert (near[0].intent, near[0].text) == ("reset-password", "how do I reset my password?")
    assert [n.similarity for n in near] == sorted((n.similarity for n in near), reverse=True)
    assert nearest_of_each(near)["reset-password"] == near[0]


def test_a_phrasing_that_was_deleted_meanwhile_is_left_out(parts: Parts) -> None:
    with parts.database.write() as session:
        edit_faq.delete_intent(session, "test", "reset-password")
        near = list_neighbours(session, parts.live.current(), "please reset my password")
    assert "reset-password" not in {n.intent for n in near}
