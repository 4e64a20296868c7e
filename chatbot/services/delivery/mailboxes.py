"""Mailboxes that are told of events: `mailto:` in place of a webhook's URL, and the way there."""

from chatbot import smtp
from chatbot.domain.email_address import clean_email, to_ascii
from chatbot.errors import AddressRefused, Conflict, Unreachable
from chatbot.services.delivery.mail_text import write_letter
from chatbot.settings import Settings
from chatbot.storage.tables import Delivery, Webhook

MAILTO = "mailto:"
_NOT_SET = (
    "No e-mail can be sent: set CHATBOT_SMTP_HOST to the mail relay and CHATBOT_SMTP_SENDER to the "
    "address that e-mails are from, then start anew."
)
_MEANS_MORE_IN_A_URL = "%?#&=/"  # RFC 6068: header fields, and characters in disguise


def find_relay(settings: Settings) -> smtp.Relay | None:
    """Return the mail relay of the settings; None if none is set."""
    if not settings.smtp_host:
        return None
    security = smtp.Security(settings.smtp_security)
    return smtp.Relay(
        settings.smtp_host,
        settings.smtp_port or smtp.PORTS[security],
        security,
        settings.smtp_sender,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
    )


def check_mailbox(url: str, settings: Settings) -> str:
    """Return the `mailto:` URL as it is kept.

    Raises InvalidText, AddressRefused, or Conflict if no relay is set.
    """
    if not url.startswith(MAILTO):
        raise AddressRefused(f"Write an e-mail address as {MAILTO}name@example.org.")
    if any(character in url for character in _MEANS_MORE_IN_A_URL):
        raise AddressRefused(
            f"After {MAILTO} only one address can stand, with none of {_MEANS_MORE_IN_A_URL}"
        )
    email = clean_email(url.removeprefix(MAILTO))
    if to_ascii(email) is None:
        raise AddressRefused(
            "Not every mail server takes this address: before the @ only ASCII characters can "
            "stand, and this domain has to be written in punycode (xn--…)."
        )
    if find_relay(settings) is None:
        raise Conflict(_NOT_SET)
    return MAILTO + email


def address_of(webhook: Webhook) -> str:
    return webhook.url.removeprefix(MAILTO)


def send_letter(delivery: Delivery, webhook: Webhook, settings: Settings) -> smtp.Reply:
    """Send a delivery by e-mail. Raises Unreachable, also if no relay is set any more."""
    relay, recipient = find_relay(settings), to_ascii(address_of(webhook))
    if relay is None:
        raise Unreachable(_NOT_SET)
    assert recipient is not None  # `check_mailbox` saw to it
    letter = write_letter(delivery, relay.sender, recipient, settings.public_url)
    return smtp.send(relay, letter, recipient)
