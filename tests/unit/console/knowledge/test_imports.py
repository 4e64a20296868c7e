import io
import re
import zipfile
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning.imports import State
from chatbot.services.knowledge import edit_faq
from chatbot.storage.database import now
from chatbot.storage.tables import EvaluationQuestion, FaqImport, Intent, Utterance
from people import SignedIn, bring_in, hidden_fields

AREA = "/console/knowledge"
CSV = "text,intent,answer\nno wifi,wifi,Ask.\nVPN drops all the time,wifi,\n"
TWICE = (
    '{"luis_schema_version": "7.0.0", "intents": [{"name": "Bike"}, {"name": "Lock"}], '
    '"utterances": [{"text": "it is stuck", "intent": "Bike", "entities": []}, '
    '{"text": "it is stuck", "intent": "Lock", "entities": []}, '
    '{"text": "rent a bike", "intent": "Bike", "entities": []}]}'
)


def owners(parts: Parts) -> dict[str, str]:
    with parts.database.read() as session:
        rows = session.execute(select(Utterance.text, Intent.name).join(Intent))
        return dict(rows.all())


def send(editor: FlaskClient, **form: Any) -> str:
    """Send pasted text, unless the form says otherwise, and return the address of its page."""
    response = editor.post(f"{AREA}/imports", data=form or {"pasted": CSV})
    assert response.status_code == 303
    return response.headers["Location"]


def choose(editor: FlaskClient, page: str, **choice: Any) -> str:
    """Look again with another choice, and return the page then."""
    fields = hidden_fields(editor.get(page).text) | choice
    assert editor.post(f"{page}/look", data=fields).status_code == 303
    return editor.get(page).text


def write(editor: FlaskClient, page: str, **choice: Any) -> str:
    """Import it as the page says but for `choice`, and return what is shown then."""
    fields = hidden_fields(editor.get(page).text) | choice
    assert editor.post(page, data=fields).status_code == 303
    return editor.get(page, follow_redirects=True).text


BOTH = (
    '[{"text": "my chain broke", "intent": "repair", "language": "en"}, '
    '{"text": "a flat tyre", "intent": "repair", "language": "en"}, '
    '{"text": "meine Kette ist ab", "intent": "repair", "language": "de"}]'
)


class TestLanguages:
    def test_one_is_taken_and_the_others_are_counted(self, editor: FlaskClient) -> None:
        page = editor.get(send(editor, pasted=BOTH)).text
        assert "de: 1 utterance and 0 answers are left out" in page
        assert '<option value="en" selected>' in page

    def test_another_can_be_taken(self, parts: Parts, editor: FlaskClient) -> None:
        page = send(editor, pasted=BOTH)
        assert "en: 2 utterances and 0 answers" in choose(editor, page, language="de")
        write(editor, page, language="de")
        assert owners(parts)["meine Kette ist ab"] == "repair"
        assert "my chain broke" not in owners(parts)


class TestClashes:
    def test_a_clash_is_moved_as_proposed(self, parts: Parts, editor: FlaskClient) -> None:
        page = send(editor)
        assert "belongs to another intent already" in editor.get(page).text
        assert owners(parts)["VPN drops all the time"] == "vpn"
        write(editor, page)
        assert owners(parts)["VPN drops all the time"] == "wifi"

    @pytest.mark.parametrize(("decision", "owner"), [("keep", "vpn"), ("drop", None)])
    def test_or_one_says_otherwise_of_one(
        self, parts: Parts, editor: FlaskClient, decision: str, owner: str | None
    ) -> None:
        one = {"taken": "VPN drops all the time", "decision": decision}
        write(editor, send(editor), **one)
        assert owners(parts).get("VPN drops all the time") == owner
        assert owners(parts)["no wifi"] == "wifi"

    @pytest.mark.parametrize(("clashes", "owner"), [("keep", "vpn"), ("drop", None)])
    def test_or_of_all(
        self, parts: Parts, editor: FlaskClient, clashes: str, owner: str | None
    ) -> None:
        page = send(editor)
        choose(editor, page, clashes=clashes)
        write(editor, page, clashes=clashes)
        assert owners(parts).get("VPN drops all the time") == owner

    def test_what_stands_twice_in_the_file_goes_to_none_or_to_one(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        upload = {"file": (io.BytesIO(TWICE.encode()), "app.json")}
        page = send(editor, **upload)
        assert "stands in several intents of the file" in editor.get(page).text
        shown = choose(editor, page, twice="it is stuck", gets="lock")
        assert re.search(r'<option value="lock" selected>', shown)
        write(editor, page, twice="it is stuck", gets="lock")
        assert owners(parts)["it is stuck"] == "lock"


class TestWhatIsShownIsWhatIsDone:
    def test_another_choice_than_was_seen_is_shown_first(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        before, page = owners(parts), send(editor)
        shown = write(editor, page, mode="replace")
        assert "Removed intents" in shown
        assert owners(parts) == before
        write(editor, page, mode="replace")
        assert set(owners(parts)) == {"no wifi", "VPN drops all the time"}

    def test_so_is_an_faq_that_was_edited_meanwhile(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        page = send(editor)
        with parts.database.write() as session:
            edit_faq.add_utterance(session, "bob", "vpn", "the tunnel is down")
        assert "Nothing was imported" in write(editor, page)
        assert "no wifi" not in owners(parts)
        assert "Imported" in write(editor, page)

    def test_two_tabs_import_one_file_once(self, parts: Parts, editor: FlaskClient) -> None:
        page = send(editor)
        fields = hidden_fields(editor.get(page).text)
        assert editor.post(page, data=fields).status_code == 303
        assert editor.post(page, data=fields).status_code == 409
        assert owners(parts)["no wifi"] == "wifi"

    def test_the_same_file_again_changes_nothing(self, parts: Parts, editor: FlaskClient) -> None:
        write(editor, send(editor))
        before = owners(parts)
        assert "all of it is in the FAQ already" in editor.get(send(editor)).text
        assert owners(parts) == before


class TestAfterwards:
    def test_one_click_undoes_it_and_the_page_says_so(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        before, page = owners(parts), send(editor)
        choose(editor, page, mode="replace")
        done = write(editor, page, mode="replace")
        assert "Is it ready?" in done
        undo = re.search(r'action="([^"]+/undo)"', done)
        assert undo
        landed = editor.post(undo[1], follow_redirects=True)
        assert "The whole import is taken back" in landed.text
        assert owners(parts) == before
        assert editor.post(undo[1]).status_code == 409
        assert "was imported, and taken back" in editor.get(page, follow_redirects=True).text

    def test_the_file_is_gone_once_it_is_imported(self, parts: Parts, editor: FlaskClient) -> None:
        write(editor, send(editor))
        with parts.database.read() as session:
            assert session.scalars(select(FaqImport.content)).all() == [None]

    def test_one_that_is_left_is_forgotten(self, parts: Parts, editor: FlaskClient) -> None:
        page = send(editor)
        landed = editor.post(f"{page}/leave", follow_redirects=True)
        assert "nothing was imported" in landed.text
        assert editor.get(page).status_code == 404
        with parts.database.read() as session:
            assert session.scalar(select(func.count(FaqImport.id))) == 0

    def test_what_was_left_out_comes_as_csv(self, editor: FlaskClient) -> None:
        page = send(editor, file=(io.BytesIO(TWICE.encode()), "app.json"))
        rows = editor.get(f"{page}/left-out.csv").text.splitlines()
        assert rows[0].endswith("reason,text,file,line")
        assert len(rows) == 3
        other = send(editor)
        assert editor.get(f"{other}/left-out.csv").status_code == 404


class TestUnfitFiles:
    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"intent,title\n\xff\xfe", "faq.csv"),
            (b"- [unclosed", "faq.yaml"),
            (b"anything", "faq.exe"),
            (b"\x89PNG\r\n\x1a\n", "picture.csv"),
            (b"no archive", "faq.zip"),
        ],
    )
    def test_it_changes_nothing_and_the_page_says_why(
        self, parts: Parts, editor: FlaskClient, content: bytes, name: str
    ) -> None:
        before = owners(parts)
        page = send(editor, file=(io.BytesIO(content), name))
        shown = editor.get(page)
        assert shown.status_code == 200
        assert "cannot be imported" in shown.text
        assert editor.post(page).status_code == 409
        assert owners(parts) == before

    def test_a_hostile_archive_is_refused(self, editor: FlaskClient) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("../../intents/evil.yaml", "intents: []")
        page = send(editor, file=(io.BytesIO(archive.getvalue()), "faq.zip"))
        assert "leads out of its folder" in editor.get(page).text

    @pytest.mark.parametrize("form", [{}, {"file": (io.BytesIO(b""), "")}, {"pasted": "  "}])
    def test_nothing_is_refused(self, editor: FlaskClient, form: dict[str, Any]) -> None:
        assert editor.post(f"{AREA}/imports", data=form).status_code == 400

    @pytest.mark.parametrize("form", [{"mode": "burn"}, {"mode": "add", "clashes": "fight"}])
    def test_a_damaged_form_is_refused(self, editor: FlaskClient, form: dict[str, str]) -> None:
        assert editor.post(f"{send(editor)}/look", data=form).status_code == 400


class TestWhatTakesLong:
    def test_its_progress_is_shown_and_asked_for_again(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        page = send(editor)
        set_state(parts, state=State.WRITING, step="writing", alive_until=now().replace(year=2100))
        shown = editor.get(page).text
        assert "Writing it into the FAQ" in shown
        assert 'hx-trigger="load delay:1s"' in shown
        assert editor.post(page).status_code == 409
        assert "being imported" in editor.get(f"{AREA}/files").text

    def test_a_process_that_died_is_told_of_and_the_file_tried_again(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        page = send(editor)
        set_state(parts, state=State.WRITING, alive_until=now().replace(year=2001))
        assert "no sign of life" in editor.get(page).text
        assert "stopped, nothing imported" in editor.get(f"{AREA}/files").text
        assert editor.post(f"{page}/look").status_code == 303
        assert "Imported" in write(editor, page)
        assert owners(parts)["no wifi"] == "wifi"

    def test_htmx_is_led_on_when_it_is_done(self, editor: FlaskClient) -> None:
        page = send(editor)
        write(editor, page)
        polled = editor.get(page, headers={"HX-Request": "true"})
        assert polled.status_code == 204
        assert "/ready?imported=" in polled.headers["HX-Redirect"]


class TestAccess:
    def test_agents_neither_import_nor_see_files(
        self, signed_in: SignedIn, editor: FlaskClient
    ) -> None:
        page = send(editor)
        agent = signed_in(Scope.AGENT)
        for address in (f"{AREA}/imports", page, f"{page}/look", f"{page}/leave"):
            assert agent.post(address, data={"pasted": CSV}).status_code == 403
        assert agent.get(page).status_code == 403
        assert page not in agent.get(f"{AREA}/files").text

    def test_another_site_cannot_import(self, editor: FlaskClient) -> None:
        page = send(editor)
        for address in (f"{AREA}/imports", page, f"{page}/look", f"{page}/leave"):
            refused = editor.post(address, headers={"Sec-Fetch-Site": "cross-site"})
            assert refused.status_code == 403

    def test_who_is_signed_out_comes_back_to_the_import(
        self, parts: Parts, editor: FlaskClient
    ) -> None:
        page = send(editor)
        editor.post("/console/sign-out")
        assert f"next={page.replace('/', '%2F')}" in editor.get(page).headers["Location"]
        sent = editor.post(f"{AREA}/imports", data={"pasted": CSV}, headers={"HX-Request": "true"})
        assert sent.headers["HX-Redirect"].endswith("/sign-in")


def test_a_folder_comes_with_its_paths(parts: Parts, editor: FlaskClient) -> None:
    intents = b"intents: [{name: bike, title: Bike, answer: Ride., utterances: [rent a bike]}]"
    folder = [
        (io.BytesIO(intents), "faq/intents/a.yaml"),
        (io.BytesIO(b"bike: [hire a bicycle]"), "faq/held_out/a.yaml"),
        (io.BytesIO(b"never read"), "faq/notes.exe"),
    ]
    bring_in(editor, {"folder": folder})
    assert owners(parts)["rent a bike"] == "bike"
    with parts.database.read() as session:
        asked = session.scalars(select(EvaluationQuestion.text)).all()
    assert asked == ["hire a bicycle"]


def set_state(parts: Parts, **values: Any) -> None:
    with parts.database.write() as session:
        session.execute(update(FaqImport).values(**values))
