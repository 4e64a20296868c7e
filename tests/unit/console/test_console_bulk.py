"""What is done to many at once: imports with a preview, ticked intents, the demo, test questions."""

import io
import re
import zipfile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.knowledge import edit_faq
from chatbot.storage.tables import AuditEvent, EvaluationQuestion, Intent, Utterance
from people import SignedIn, hidden_fields

AREA = "/console/knowledge"
CSV = "text,intent,answer\nno wifi,wifi,Ask.\nVPN drops all the time,wifi,\n"


@pytest.fixture
def editor(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.EDITOR)


def owners(parts: Parts) -> dict[str, str]:
    with parts.database.read() as session:
        rows = session.execute(select(Utterance.text, Intent.name).join(Intent))
        return dict(rows.all())


def look(editor: FlaskClient, **more: str) -> str:
    response = editor.post(f"{AREA}/files/preview", data={"pasted": CSV} | more)
    assert response.status_code == 200
    return response.text


class TestImport:
    def test_a_clash_is_offered_to_be_moved(self, parts: Parts, editor: FlaskClient) -> None:
        page = look(editor)
        assert "belongs to another intent" in page
        assert owners(parts)["VPN drops all the time"] == "vpn"
        editor.post(f"{AREA}/files", data=hidden_fields(page))
        assert owners(parts)["VPN drops all the time"] == "wifi"

    def test_another_choice_than_was_seen_is_shown_first(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        before = owners(parts)
        fields = hidden_fields(look(editor)) | {"mode": "replace"}
        page = editor.post(f"{AREA}/files", data=fields).text
        assert "Nothing was imported" in page
        assert "Removed intents" in page
        assert owners(parts) == before
        editor.post(f"{AREA}/files", data=hidden_fields(page))
        assert set(owners(parts)) == {"no wifi", "VPN drops all the time"}

    def test_so_is_an_faq_that_was_edited_meanwhile(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        fields = hidden_fields(look(editor))
        with parts.database.write() as session:
            edit_faq.add_utterance(session, "bob", "vpn", "the tunnel is down")
        assert "Nothing was imported" in editor.post(f"{AREA}/files", data=fields).text
        assert "no wifi" not in owners(parts)

    def test_one_click_undoes_it(self, parts: Parts, editor: FlaskClient) -> None:
        before = owners(parts)
        page = editor.post(f"{AREA}/files", data=hidden_fields(look(editor, mode="replace"))).text
        undo = re.search(r'action="([^"]+/undo)"', page)
        assert undo
        assert editor.post(undo[1]).status_code == 303
        assert owners(parts) == before
        assert editor.post(undo[1]).status_code == 409

    def test_a_folder_comes_with_its_paths(self, parts: Parts, editor: FlaskClient) -> None:
        intents = b"intents: [{name: bike, title: Bike, answer: Ride., utterances: [rent a bike]}]"
        folder = [
            (io.BytesIO(intents), "faq/intents/a.yaml"),
            (io.BytesIO(b"bike: [hire a bicycle]"), "faq/held_out/a.yaml"),
            (io.BytesIO(b"never read"), "faq/notes.txt"),
        ]
        page = editor.post(f"{AREA}/files/preview", data={"folder": folder}).text
        editor.post(f"{AREA}/files", data=hidden_fields(page))
        assert owners(parts)["rent a bike"] == "bike"
        with parts.database.read() as session:
            asked = session.scalars(select(EvaluationQuestion.text)).all()
        assert asked == ["hire a bicycle"]

    def test_a_hostile_archive_writes_nowhere_and_is_refused(self, editor: FlaskClient) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("../../intents/evil.yaml", "intents: []")
            packed.writestr("/etc/evil", "x")
        for content in (archive.getvalue(), b"no archive"):
            upload = {"file": (io.BytesIO(content), "faq.zip")}
            response = editor.post(f"{AREA}/files/preview", data=upload)
            assert response.status_code in (200, 422)

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"pasted": CSV, "mode": "burn"},
            {"pasted": CSV, "clashes": "fight"},
            {"kept": "no base64!"},
        ],
    )
    def test_a_damaged_form_is_refused(self, editor: FlaskClient, form: dict[str, str]) -> None:
        assert editor.post(f"{AREA}/files/preview", data=form).status_code == 400

    def test_mistakes_are_named_before_anything(self, parts: Parts, editor: FlaskClient) -> None:
        response = editor.post(f"{AREA}/files/preview", data={"pasted": "a,b\n1,2"})
        assert response.status_code == 422
        assert "nothing was imported" in response.text


class TestTicked:
    def test_what_would_happen_is_said_first(self, parts: Parts, editor: FlaskClient) -> None:
        form = {"intent": ["vpn", "leave"], "action": "delete"}
        page = editor.post(f"{AREA}/bulk", data=form).text
        assert "Delete 2 intents" in page
        assert "8 utterances" in page
        assert len(set(owners(parts).values())) == 4
        assert editor.post(f"{AREA}/bulk/do", data=form).status_code == 303
        assert set(owners(parts).values()) == {"reset-password", "invoice"}
        listed = editor.get(AREA).text
        undo = re.search(r'action="([^"]+/undo)"', listed)
        assert undo
        editor.post(undo[1])
        assert len(set(owners(parts).values())) == 4

    def test_all_that_the_search_finds(self, parts: Parts, editor: FlaskClient) -> None:
        form = {"all": "1", "q": "leave", "action": "move", "topic": "People"}
        page = editor.post(f"{AREA}/bulk", data=form).text
        assert "Move 1 intent to the topic “People”?" in page
        assert "Book leave" in page

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"action": "delete"}, 400),
            ({"intent": "vpn", "action": "burn"}, 400),
            ({"intent": "gone", "action": "delete"}, 404),
            ({"intent": "vpn", "action": "move", "topic": "x" * 81}, 400),
        ],
    )
    def test_an_unfit_form_is_refused(
        self, editor: FlaskClient, form: dict[str, str], status: int
    ) -> None:
        assert editor.post(f"{AREA}/bulk", data=form).status_code == status


class TestDemo:
    def test_it_is_shown_then_removed(self, parts: Parts, editor: FlaskClient) -> None:
        before = owners(parts)
        with parts.database.write() as session:
            demo.add_demo(session, "ann")
        assert "Remove it whole" in editor.get(AREA).text
        page = editor.get(f"{AREA}/demo").text
        assert "297 of them out of scope" in page
        assert editor.post(f"{AREA}/demo/remove").status_code == 303
        assert owners(parts) == before
        assert "Nothing of the demo is here" in editor.get(f"{AREA}/demo").text
        assert editor.post(f"{AREA}/demo/remove").status_code == 404


class TestQuestions:
    PAGE = f"{AREA}/questions"

    def stored(self, parts: Parts) -> dict[str, str | None]:
        with parts.database.read() as session:
            rows = session.scalars(select(EvaluationQuestion).order_by(EvaluationQuestion.id))
            return {row.text: row.intent.name if row.intent else None for row in rows}

    def test_they_are_added_edited_removed_and_brought_back(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        editor.post(self.PAGE, data={"text": "my tunnel died", "intent": "vpn"})
        editor.post(self.PAGE, data={"text": "do you sell bread", "intent": ""})
        page = editor.get(f"{self.PAGE}?scope=out").text
        assert "do you sell bread" in page
        assert "my tunnel died" not in page
        ids = re.findall(r'name="question" value="(\d+)"', page)
        change = {"text": "have you bread", "intent": ""}
        assert editor.post(f"{self.PAGE}/{ids[0]}", data=change).status_code == 303
        assert self.stored(parts) == {"my tunnel died": "vpn", "have you bread": None}
        assert editor.post(f"{self.PAGE}/remove", data={"question": ids}).status_code == 303
        assert self.stored(parts) == {"my tunnel died": "vpn"}
        undo = re.search(r'action="([^"]+/undo)"', editor.get(self.PAGE).text)
        assert undo
        assert editor.post(undo[1]).status_code == 303
        assert len(self.stored(parts)) == 2

    def test_all_found_are_removed_at_once(self, parts: Parts, editor: FlaskClient) -> None:
        csv = "text,intent\n" + "".join(f"question {n},\n" for n in range(70)) + "tunnel?,vpn\n"
        assert editor.post(f"{self.PAGE}/import", data={"pasted": csv}).status_code == 303
        assert len(self.stored(parts)) == 71
        editor.post(f"{self.PAGE}/remove", data={"all": "1", "scope": "out"})
        assert self.stored(parts) == {"tunnel?": "vpn"}

    @pytest.mark.parametrize(
        ("path", "form", "status"),
        [
            ("", {"text": "where is my invoice?"}, 409),
            ("", {"text": "new", "intent": "gone"}, 404),
            ("", {"text": " "}, 422),
            ("/remove", {}, 422),
            ("/import", {}, 400),
            ("/import", {"pasted": "text,intent\nnew,gone\n"}, 422),
            ("/999", {"text": "new"}, 404),
        ],
    )
    def test_what_is_unfit_changes_nothing(
        self, parts: Parts, editor: FlaskClient, path: str, form: dict[str, str], status: int
    ) -> None:
        assert editor.post(self.PAGE + path, data=form).status_code == status
        assert self.stored(parts) == {}


def test_nothing_else_is_undone_as_an_act_on_many(parts: Parts, editor: FlaskClient) -> None:
    with parts.database.read() as session:
        event = session.scalars(select(AuditEvent.id).limit(1)).one()
    assert editor.post(f"{AREA}/acts/{event}/undo").status_code == 404
