"""The FAQ as a whole over the API: import, acts on many, undo, the demo, test questions."""

from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.beginning import demo
from chatbot.storage.tables import Intent, Utterance
from fakes import FAQ

Headers = dict[str, str]
CSV = "text,intent,answer\nno wifi,wifi,Ask.\nVPN drops all the time,wifi,\n"
IMPORT = {"format": "csv", "content": CSV}


def owners(parts: Parts) -> dict[str, str]:
    with parts.database.read() as session:
        return dict(session.execute(select(Utterance.text, Intent.name).join(Intent)).all())


def test_an_import_is_tried_then_done_then_undone(
    parts: Parts, client: FlaskClient, editor: Headers
) -> None:
    before = owners(parts)
    body = IMPORT | {"clashes": "move", "mode": "update"}
    tried = client.post("/v1/faq/import", json=body | {"dry_run": True}, headers=editor).get_json()
    assert owners(parts) == before
    assert (tried["intents_added"], tried["utterances_moved"], tried["act"]) == (1, 1, None)
    assert tried["clashes"][0]["owner"] == "vpn"
    done = client.post("/v1/faq/import", json=body, headers=editor).get_json()
    assert done == tried | {"act": done["act"]}
    assert owners(parts)["VPN drops all the time"] == "wifi"
    undone = client.post("/v1/faq/undo", json={"act": done["act"]}, headers=editor)
    assert undone.get_json()["action"] == "faq.import"
    assert owners(parts) == before


def test_a_clash_without_a_choice_is_a_mistake(
    parts: Parts, client: FlaskClient, editor: Headers
) -> None:
    before = owners(parts)
    response = client.post("/v1/faq/import", json=IMPORT, headers=editor)
    assert response.status_code == 422
    assert "belongs to intent “vpn”" in response.get_json()["detail"]
    assert owners(parts) == before


def test_a_file_larger_than_other_bodies_is_taken(
    parts: Parts, client: FlaskClient, editor: Headers
) -> None:
    rows = "".join(f"how do I open door number {n},door,\n" for n in range(3000))
    body = {"format": "csv", "content": "text,intent,answer\n" + rows}
    response = client.post("/v1/faq/import", json=body, headers=editor)
    assert response.get_json()["utterances_added"] == 3000


def test_many_are_changed_at_once(parts: Parts, client: FlaskClient, editor: Headers) -> None:
    body = {"names": ["vpn", "leave"], "action": "disable"}
    tried = client.post("/v1/faq/bulk", json=body | {"dry_run": True}, headers=editor).get_json()
    done = client.post("/v1/faq/bulk", json=body, headers=editor).get_json()
    assert done == tried | {"act": done["act"]}
    with parts.database.read() as session:
        disabled = session.scalars(select(Intent.name).where(~Intent.enabled)).all()
    assert sorted(disabled) == ["leave", "vpn"]
    assert client.post("/v1/faq/undo", json={"act": done["act"]}, headers=editor).status_code == 200
    unknown = client.post("/v1/faq/bulk", json=body | {"names": ["gone"]}, headers=editor)
    assert unknown.status_code == 404


def test_the_demo_comes_and_goes(parts: Parts, client: FlaskClient, editor: Headers) -> None:
    before = owners(parts)
    added = client.post("/v1/demo", headers=editor).get_json()
    assert added["intents_added"] == len(demo.read_demo().intents.keys() - FAQ.keys())
    found = client.get("/v1/demo", headers=editor).get_json()
    assert (len(found["intents"]), found["out_of_scope"]) == (added["intents_added"], 297)
    assert client.delete("/v1/demo", headers=editor).get_json() == found
    assert owners(parts) == before
    assert client.delete("/v1/demo", headers=editor).status_code == 404
