from apiflask import APIFlask

from people import browser


def test_htmx_is_led_to_the_sign_in_as_a_whole_page(app: APIFlask) -> None:
    response = browser(app).post("/console/review/undo", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/console/sign-in"
