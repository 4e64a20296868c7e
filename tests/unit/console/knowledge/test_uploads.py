from flask.testing import FlaskClient


def test_a_huge_file_is_refused_unread(editor: FlaskClient) -> None:
    kind = "multipart/form-data; boundary=b"
    response = editor.post("/console/knowledge/files", data=b"x" * 7_000_000, content_type=kind)
    assert response.status_code == 413
