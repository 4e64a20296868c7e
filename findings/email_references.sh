#!/bin/sh
# Python's email package: a reply to a message from Outlook loses the thread that it answers.
#
# Message ids of Exchange are about 80 characters long. EmailMessage folds lines at 78, cannot break an id,
# and writes In-Reply-To and References as encoded words (=?utf-8?q?=3C…); RFC 2047 forbids these there, so
# mail programs see no id, and the answer opens a new conversation. Message-ID itself was mended in Python
# 3.8, which is why it goes unnoticed. Python's own parser decodes both, so a round trip in a test finds
# nothing. A policy with max_line_length=998 keeps them. Seen with Python 3.8 to 3.13 (nothing is
# installed). Any helpdesk that answers by mail sends such headers.
#
# Prints what it saw, and fails if that changes.
set -eu
python3 - <<'PYTHON'
import platform
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

ASKED = "<AM0PR04MB5678A1B2C3D4E5F60718293A4B5C6D@AM0PR04MB5678.eurprd04.prod.outlook.example>"
message = EmailMessage()
message["Message-ID"] = message["In-Reply-To"] = message["References"] = ASKED
message["Subject"] = "Re: VPN"
message.set_content("Please try again.")


def headers(policy):
    lines = message.as_bytes(policy=policy).decode().replace("\r\n ", " ").split("\r\n")
    return dict(line.split(": ", 1) for line in lines[:3])


as_usual, wide = headers(SMTP), headers(SMTP.clone(max_line_length=998))
read_again = message_from_bytes(message.as_bytes(policy=SMTP), policy=SMTP)
print(f"Python {platform.python_version()}, an id of {len(ASKED)} characters")
for name, value in as_usual.items():
    print(f"{name}: {value}")
print("with max_line_length=998:", wide["In-Reply-To"])
assert as_usual["Message-ID"] == ASKED
assert as_usual["In-Reply-To"].startswith("=?utf-8?q?=3C") and as_usual["References"].startswith("=?utf-8?q?=3C")
assert read_again["In-Reply-To"] == ASKED and set(wide.values()) == {ASKED}
PYTHON
