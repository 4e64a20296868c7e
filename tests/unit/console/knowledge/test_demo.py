from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.beginning import demo
from chatbot.storage.tables import Intent, Utterance

AREA = "/console/knowledge"


def owners(parts: Parts) -> dict[str, str]:
    with parts.database.read() as session:
        rows = session.execute(select(Utterance.text, Intent.name).join(Intent))
        return dict(rows.all())


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
