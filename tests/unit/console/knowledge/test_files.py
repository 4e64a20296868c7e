import io
import re
import zipfile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.knowledge import edit_faq
from chatbot.storage.tables import EvaluationQuestion, Intent, Utterance
from people import hidden_fields

PAGE = "/console/knowledge/intents/vpn"
AREA = "/console/knowledge"
CSV = "text,intent,answer\nno wifi,wifi,Ask.\nVPN drops all the time,wifi,\n"


def form_of(page: str) -> dict[str, str]:
    """The version that the form was opened with, and the fields that must be sent."""
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return {"seen": found[1], "title": "VPN", "answer": "Start it.", "topic": "", "enabled": "1"}


def utterances_of(parts: Parts, name: str = "vpn") -> list[str]:
    with parts.database.read() as session:
        return [u.text for u in edit_faq.get_intent(session, name).utterances]


@pytest.mark.parametrize("kind", ["yaml", "csv"])
def test_what_is_exported_can_be_imported_again(
    parts: Parts, editor: FlaskClient, kind: str
) -> None:
    exported = editor.get(f"/console/knowledge/export.{kind}").data
    form = form_of(editor.get(PAGE).text)
    before = utterances_of(parts)
    editor.post(f"{PAGE}/delete", data=form)
    upload = {"file": (io.BytesIO(exported), f"faq.{kind}")}
    assert editor.post("/console/knowledge/files", data=upload).status_code == 200
    assert utterances_of(parts) == before


def test_articles_are_imported_shown_and_exported(parts: Parts, editor: FlaskClient) -> None:
    articles = b"title,answer,topic\nCar park,Behind the **house**.,Office\n"
    upload = {"file": (io.BytesIO(articles), "articles.csv")}
    assert editor.post("/console/knowledge/files", data=upload).status_code == 200
    assert "Behind the" in editor.get("/console/knowledge/intents/car-park").text
    assert utterances_of(parts, "car-park") == []
    assert "car-park" in editor.get("/console/knowledge/lint").text
    exported = editor.get("/console/knowledge/export.csv").text.splitlines()
    assert ",car-park,Behind the **house**.,Car park,Office,yes" in exported


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"intent,title\n\xff\xfe", "faq.csv", 422),
        (b"- [unclosed", "faq.yaml", 422),
        (b"anything", "faq.exe", 422),
        (b"", "", 400),
    ],
)
def test_an_unfit_file_changes_nothing(
    parts: Parts, editor: FlaskClient, content: bytes, name: str, status: int
) -> None:
    upload = {"file": (io.BytesIO(content), name)}
    assert editor.post("/console/knowledge/files", data=upload).status_code == status
    with parts.database.read() as session:
        assert len(session.scalars(select(Intent.id)).all()) == 4


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
