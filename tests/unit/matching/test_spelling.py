import pytest

from chatbot.matching.spelling import Spelling, is_listed

ENGLISH = [
    "how do I reset my password",
    "I forgot the password of my account",
    "the Wi-Fi in the office is slow",
    "where is the invoice for last month",
    "the invoice has a wrong address",
    "please cancel the subscription of my account",
    "print a file on the printer with Kestrelo",
    "Kestrelo does not open the file",
    "is there a plan with Kestrelo",
    "change the plan of the subscription",
    "subscribe to the notifications",
]
GERMAN = [
    "wie kann ich mein Passwort zurücksetzen",
    "ich habe das Passwort vergessen",
    "wo ist die Rechnung für den letzten Monat",
    "der Drucker druckt nicht und die Rechnung ist falsch",
]
POLISH = [
    "jak zmienić hasło do konta",
    "nie pamiętam hasła",
    "gdzie jest faktura za zeszły miesiąc",
]


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling().extended(ENGLISH)


@pytest.mark.parametrize(
    ("written", "repaired"),
    [
        ("how do i restet my pasword", "how do i reset my password"),
        ("my Acount is lokced", "my Acount is lokced"),  # a capital tells a name
        ("my acount, please", "my account, please"),
        ("Pasword forgotten", "Password forgotten"),
        ("MY PASWORD", "MY PASSWORD"),
        ("was the invoce wrong", "was the invoice wrong"),
        ("a flie", "a file"),
        ("notifcatons", "notifications"),
        ("kestrello", "kestrelo"),
        ("pasword\nacount", "password\naccount"),
    ],
)
def test_a_slip_becomes_the_word_of_the_faq(
    spelling: Spelling, written: str, repaired: str
) -> None:
    assert spelling.repair(written) == repaired


@pytest.mark.parametrize(
    "text",
    [
        "the printed invoices",  # words of the language
        "a plank, a wan plane and a flier",
        "the wlan",  # another letter in a short word is another word
        "Paswort is my name, Mr Accoun",
        "ask Mr Prinster",
        "order INVOCE-20481 or inv0ice",
        "pasword@example.org https://acount.example/invoce",
        "my_pasword",
        "kestrelo and KESTRELO",
        "acc",
        "pass" * 20,
        "wo ist mein Passwort, ich habe es vergessen",
        "où est ma facture de la subscripton",
        "如何重置密码",
        "",
    ],
)
def test_what_may_be_right_stays(spelling: Spelling, text: str) -> None:
    assert spelling.repair(text) == text


def test_a_slip_in_the_faq_itself_is_no_word_of_it(spelling: Spelling) -> None:
    slipped = spelling.extended(["i forgot my pasword"] + ["my password"] * 5)
    assert slipped.repair("my pasword") == "my password"


def test_another_language_than_english_has_its_own_words() -> None:
    german = Spelling().extended(GERMAN)
    assert german.repair("wo ist mein Paswort") == "wo ist mein Passwort"
    for text in ("der Drucker ist gedruckt", "rechnet die Rechnungen", "das letzte Password"):
        assert german.repair(text) == text


def test_where_there_is_no_word_list_nothing_is_touched() -> None:
    polish = Spelling().extended(POLISH)
    assert polish.repair("nie pamietam hasla") == "nie pamietam hasla"
    assert Spelling().repair("my pasword") == "my pasword"


def test_an_edit_adds_words_and_leaves_the_earlier_as_it_was(spelling: Spelling) -> None:
    edited = spelling.extended(["the turnstile is stuck", "the turnstile beeps"])
    assert edited.repair("the turnstle") == "the turnstile"
    assert spelling.repair("the turnstle") == "the turnstle"


def test_a_word_is_looked_up_in_the_languages_that_are_asked_for() -> None:
    assert is_listed("password", ("en",))
    assert not is_listed("pasword", ("en",))
    assert is_listed("rechnung", ("en", "de"))
    assert not is_listed("rechnung", ("en",))
