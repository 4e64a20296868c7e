import pytest

from chatbot.domain.language import UNCLEAR, guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how do I reset my password?", "en"),
        ("Wie kann ich mein Passwort zurücksetzen?", "de"),
        ("comment puis-je changer mon mot de passe avec le VPN", "fr"),
        ("¿cómo puedo cambiar mi contraseña?", "es"),
        ("come posso cambiare la mia password", "it"),
        ("como posso mudar a minha senha", "pt"),
        ("hoe kan ik mijn wachtwoord wijzigen", "nl"),
        ("как сбросить пароль VPN", "cyrillic"),
        ("ぱすわーどをわすれました", "hiragana"),
        ("忘记密码怎么办", "cjk"),
        ("VPN", UNCLEAR),
        ("🙂🙂", UNCLEAR),
        ("12345 !!", UNCLEAR),
        ("ü", UNCLEAR),
    ],
)
def test_languages_are_told_apart_by_little_words_and_scripts(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_a_huge_text_costs_little() -> None:
    assert guess_language("ä" * 20_000) == UNCLEAR
