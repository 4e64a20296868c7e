import time

import pytest

from chatbot.domain.noise.negation import Negated, Turn, contradicts, find_negated, turns_of


def turn(text: str) -> Turn:
    found = find_negated(text)
    return found.turn if found else Turn.NONE


@pytest.mark.parametrize(
    "text",
    [
        "please do not delete my account",
        "don't cancel my plan!",
        "dont ever remove the gate",
        "I don't want to cancel",
        "I'd rather not delete it",
        "can you not remove Kim from the team",
        "you must not cancel our plan",
        "change the key without deleting my account",
        "bitte löschen Sie mein Konto nicht",
        "Bitte mein Konto nicht löschen",
        "ich möchte mein Abo nicht kündigen",
        "das Passwort ändern, ohne mein Konto zu löschen",
        "merci de ne pas supprimer mon compte",
        "ne supprimez pas mon compte",
        "je ne veux pas annuler mon abonnement",
        "por favor no eliminen mi cuenta",
        "no quiero cancelar mi plan",
        "per favore non cancellate il mio account",
        "non voglio disdire",
    ],
)
def test_what_is_to_be_kept(text: str) -> None:
    assert turn(text) is Turn.KEEPS


@pytest.mark.parametrize(
    "text",
    [
        "please don't upgrade us",
        "I do not want to change my password",
        "we no longer want a free trial",
        "never invite Kim again",
        "ich möchte kein Upgrade",
        "bitte das Passwort nicht ändern",
        "je ne veux pas changer de formule",
        "no quiero cambiar mi contraseña",
        "non voglio cambiare la password",
    ],
)
def test_what_is_not_to_be_done(text: str) -> None:
    assert turn(text) is Turn.REFRAINS


@pytest.mark.parametrize(
    "text",
    [
        "how do I turn off two factor",
        "turn two-factor off for me",
        "can I disable the gate?",
        "stop sending me mails",
        "please undo the merge",
        "wie kann ich die Anmeldung deaktivieren",
        "comment désactiver la connexion",
        "cómo puedo desactivar el acceso",
        "come posso disattivare l'accesso",
    ],
)
def test_what_is_to_end(text: str) -> None:
    assert turn(text) is Turn.ENDS


@pytest.mark.parametrize(
    "text",
    [
        "how do I cancel",
        "delete my account",
        "the printer does not print",
        "why can't I log in",
        "I don't know my password",
        "don't know my password",
        "don't receive any mails",
        "my screen turns off by itself",
        "the gate stopped working",
        "how do I stop the gate from closing",
        "how can I work without internet",
        "I used it without thinking",
        "the gate never opens",
        "no internet",
        "it was not accepted",
        "der Drucker druckt nicht",
        "ich kann mich nicht anmelden",
        "ich weiß mein Passwort nicht",
        "l'imprimante n'imprime pas",
        "je ne peux pas me connecter",
        "no puedo entrar",
        "la impresora no imprime",
        "non riesco ad accedere",
        "la stampante non stampa",
        "",
    ],
)
def test_a_symptom_is_no_request(text: str) -> None:
    assert find_negated(text) is None


def test_what_is_refused_is_told_from_what_else_is_said() -> None:
    text = "please do not delete my account, I only forgot the key"
    assert find_negated(text) == Negated(Turn.KEEPS, "delete my account", "I only forgot the key")
    assert find_negated("don't upgrade us") == Negated(Turn.REFRAINS, "upgrade us", "")


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("Delete your account", Turn.ENDS),
        ("how can I close my account", Turn.ENDS),
        ("turn it off, it is annoying", Turn.ENDS),
        ("Konto löschen", Turn.ENDS),
        ("please don't delete my account", Turn.KEEPS),
        ("I don't want the newsletter", Turn.REFRAINS),
        ("my card will be closed next week", Turn.NONE),
        ("set up two-factor sign-in", Turn.NONE),
    ],
)
def test_an_intents_own_texts_turn_things_too(text: str, turns: Turn) -> None:
    assert turns_of(text) == turns


@pytest.mark.parametrize(
    ("asked", "turns", "is_contrary"),
    [
        (Turn.KEEPS, Turn.ENDS, True),
        (Turn.KEEPS, Turn.ENDS | Turn.KEEPS, False),
        (Turn.KEEPS, Turn.NONE, False),
        (Turn.ENDS, Turn.NONE, True),
        (Turn.ENDS, Turn.REFRAINS, True),
        (Turn.ENDS, Turn.ENDS, False),
        (Turn.REFRAINS, Turn.NONE, True),
        (Turn.REFRAINS, Turn.REFRAINS, False),
        (Turn.REFRAINS, Turn.ENDS, False),
    ],
)
def test_an_intent_that_speaks_of_the_turn_is_no_contrary(
    asked: Turn, turns: Turn, is_contrary: bool
) -> None:
    assert contradicts(Negated(asked, "", ""), turns) is is_contrary


@pytest.mark.parametrize(
    "part", ["turn ", "do not want ", "bitte ", "bitte a nicht ", "off ", "ohne ", "n't ", "ne "]
)
def test_hostile_texts_take_no_longer_than_an_answer(part: str) -> None:
    start = time.process_time()
    find_negated(part * (2000 // len(part)))
    turns_of(part * (2000 // len(part)))
    assert time.process_time() - start < 0.5
