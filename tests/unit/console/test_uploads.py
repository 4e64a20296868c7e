import io
import zipfile
from contextlib import closing

import pytest
from apiflask import APIFlask
from flask import request
from flask.testing import FlaskClient

from chatbot.console.uploads import Upload, allow_upload
from chatbot.formats.limits import MOST_FILE_BYTES
from chatbot.services.access.keys import Scope
from people import SignedIn

PAGES = [(io.BytesIO(b"# A?\nYes."), "a.md"), (io.BytesIO(b"# B?\nNo."), "b.md")]


def sent(app: APIFlask, form: dict[str, object]) -> Upload:
    with app.test_request_context("/", method="POST", data=form), closing(request):
        return Upload.sent()


def test_a_huge_file_is_refused_unread(signed_in: SignedIn) -> None:
    editor: FlaskClient = signed_in(Scope.EDITOR)
    kind = "multipart/form-data; boundary=b"
    huge = {"CONTENT_LENGTH": str(MOST_FILE_BYTES + 2_000_000)}
    response = editor.post(
        "/console/knowledge/imports", data=b"x", content_type=kind, environ_overrides=huge
    )
    assert response.status_code == 413
    assert "more than 50 MB" in response.text


def test_thirty_mebibytes_are_taken(app: APIFlask) -> None:
    large = b"x" * (30 * 2**20)
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="faq.csv"\r\n\r\n'
    kind = "multipart/form-data; boundary=b"
    body = head + large + b"\r\n--b--\r\n"
    with app.test_request_context("/", method="POST", data=body, content_type=kind):
        allow_upload()
        with closing(request):
            assert len(Upload.sent().content) == len(large)


def test_a_file_is_called_by_its_name_alone(app: APIFlask) -> None:
    upload = sent(app, {"file": (io.BytesIO(b"x"), "exports/faq.csv")})
    assert upload == Upload("faq.csv", b"x")


def test_several_files_are_one_archive(app: APIFlask) -> None:
    upload = sent(app, {"file": PAGES})
    assert upload.name == "2 files"
    with zipfile.ZipFile(io.BytesIO(upload.content)) as packed:
        assert packed.namelist() == ["a.md", "b.md"]


@pytest.mark.parametrize(
    ("text", "name"),
    [("intents:\n- name: a", "your text.yaml"), ("text,intent\r\na,b", "your text")],
)
def test_pasted_text_says_of_itself_what_it_is(app: APIFlask, text: str, name: str) -> None:
    upload = sent(app, {"pasted": text})
    assert upload.name == name
    assert b"\r" not in upload.content
