import base64

import pytest

from chatbot.domain import signing

SECRET, ID, TIME = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    1614265330,
)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_is_what_openssl_makes_of_the_specification() -> None:
    assert signing.sign([SECRET], ID, TIME, BODY) == SIGNATURE


def test_each_secret_signs() -> None:
    other = signing.new_secret()
    first, second = signing.sign([other, SECRET], ID, TIME, BODY).split(" ")
    assert second == SIGNATURE
    assert first == signing.sign([other], ID, TIME, BODY)


@pytest.mark.parametrize(
    "changed", [("msg_2", TIME, BODY), (ID, TIME + 1, BODY), (ID, TIME, BODY + b" ")]
)
def test_it_covers_id_time_and_body(changed: tuple[str, int, bytes]) -> None:
    assert signing.sign([SECRET], *changed) != SIGNATURE


def test_secrets_are_long_and_never_the_same() -> None:
    made = {signing.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in made} == {32}


def test_chatwoots_signature_is_known() -> None:
    """Made with `printf '1795511653.{"event":"message_created"}' | openssl dgst -sha256 -hmac key`."""
    right = "sha256=ec46866db20a0ac39f85b1c9a160752c0a19a79597f3f7d40f516711d37bcbf2"
    body = b'{"event":"message_created"}'
    assert signing.is_chatwoots("key", "1795511653", body, right)
    assert not signing.is_chatwoots("key", "1795511654", body, right)
    assert not signing.is_chatwoots("key", "1795511653", body + b" ", right)
    assert not signing.is_chatwoots("other", "1795511653", body, right)
    assert not signing.is_chatwoots("key", "1795511653", body, right.removeprefix("sha256="))
