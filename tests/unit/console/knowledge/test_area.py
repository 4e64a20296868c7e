from collections.abc import Callable
from dataclasses import replace

from apiflask import APIFlask
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.http.context import EXTENSION
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq
from hostile import PAYLOADS, assert_harmless, assert_page_is_ours


def test_the_preview_lets_nothing_hostile_through(
    signed_in: Callable[[Scope], FlaskClient],
) -> None:
    browser = signed_in(Scope.AGENT)
    for payload in PAYLOADS:
        response = browser.post("/console/knowledge/preview", data={"answer": payload})
        assert response.status_code == 200
        assert_harmless(response.text)


def test_no_page_lets_anything_hostile_through(
    signed_in: Callable[[Scope], FlaskClient], parts: Parts
) -> None:
    """Each payload is title, topic, answer and utterance of an intent, asked, edited, deleted."""
    browser = signed_in(Scope.EDITOR)
    names = [f"hostile-{number}" for number in range(len(PAYLOADS))]
    with parts.database.write() as session:
        for name, text in zip(names, PAYLOADS, strict=True):
            said = f"{name} {text}"
            edit_faq.create_intent(session, "<b>ann</b>", name, said, text, said[:80], [said])
    parts.live.refresh()
    pages = [browser.get(f"/console/knowledge?page={number}") for number in (1, 2)]
    pages += [browser.get("/console/knowledge/lint"), browser.get("/console/knowledge/new")]
    for name, text in zip(names, PAYLOADS, strict=True):
        pages += [
            browser.get("/console/knowledge", query_string={"q": text, "topic": text}),
            browser.get(f"/console/knowledge/intents/{name}"),
            browser.post("/console/knowledge/try", data={"text": f"{name} {text}"}),
            browser.post(f"/console/knowledge/intents/{name}", data=stale(text)),
            browser.post("/console/knowledge/new", data=stale(text) | {"name": text}),
        ]
    with parts.database.write() as session:
        edit_faq.delete_intent(session, "ann", names[0])
    pages += [browser.get(f"/console/knowledge/intents/{names[0]}")]
    for page in pages:
        assert page.status_code in (200, 409, 410, 422), page.request.path
        assert_page_is_ours(page.text)


def stale(text: str) -> dict[str, str]:
    """A form that was opened before anything was."""
    return {"title": text, "topic": text, "answer": text, "seen": "2020-01-01T00:00:00+00:00"}


def test_a_preview_leads_to_the_site_and_never_into_the_console(
    signed_in: Callable[[Scope], FlaskClient], app: APIFlask, parts: Parts
) -> None:
    typed = {"answer": "[guide](/help/x) https://a.example"}
    browser = signed_in(Scope.AGENT)
    page = browser.post("/console/knowledge/preview", data=typed).text
    assert page.startswith("<p>guide <a ")
    settings = parts.settings.model_copy(update={"site_url": "https://shop.example"})
    app.extensions[EXTENSION] = replace(parts, settings=settings)
    page = browser.post("/console/knowledge/preview", data=typed).text
    assert 'href="https://shop.example/help/x"' in page
