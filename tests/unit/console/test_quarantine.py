from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.storage.database import now
from factories import add_confirmed
from people import SignedIn

PAGE = "/console/models/quarantine"


def test_the_page_escapes_what_visitors_wrote_and_lets_an_admin_release(
    parts: Parts, signed_in: SignedIn
) -> None:
    with parts.database.write() as session:
        for place in range(parts.settings.quarantine_never_below + 1):
            add_confirmed(session, f"<b>question {place}</b>", "vpn")
    form = {
        "source": "agent",
        "says": "vpn",
        "day": now().date().isoformat(),
        "reason": "a busy day",
    }
    editor = signed_in(Scope.EDITOR)
    page = editor.get(PAGE).text
    assert "&lt;b&gt;question" in page
    assert "Let them teach" not in page
    assert editor.post(f"{PAGE}/release", data=form).status_code == 403
    boss = signed_in(Scope.ADMIN)
    assert "Let them teach" in boss.get(PAGE).text
    assert boss.post(f"{PAGE}/release", data=form | {"day": "never"}).status_code == 422
    answer = boss.post(f"{PAGE}/release", data=form).text
    assert "51 confirmations teach" in answer
    assert "Nothing is in quarantine" in answer
