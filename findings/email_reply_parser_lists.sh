#!/bin/sh
# email-reply-parser 0.5.12: a list without blanks after its dashes is a signature, and the rest of the message goes with it.
#
# parse_reply() is to take quotations and signatures off a mail. A paragraph whose last line begins with a
# dash and a letter ("-Ann") is a signature to it, and what follows is dropped too: of "these do not work: /
# -printer on floor 3 / -scanner / Can you help?" the first words are left, and the question is gone. With
# blanks after the dashes all of it stays. A message that begins "On Monday I wrote:" is empty afterwards,
# because quotations begin so. Nothing says that anything was cut. A helpdesk bot matches what is left of a
# mail, and agents see no more of it.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "email-reply-parser==0.5.12"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from email_reply_parser import EmailReplyParser

MAILS = {
    "Hello,\n\nthese do not work:\n\n-printer on floor 3\n-scanner\n\nCan you help?": "Hello,\n\nthese do not work:",
    "Hello,\n\nthese do not work:\n\n- printer on floor 3\n- scanner\n\nCan you help?": None,
    "On Monday I wrote:\nplease reset my password": "",
    "On Monday I asked you:\nplease reset my password": None,
}
print(f"email-reply-parser {version('email-reply-parser')}")
for mail, left in MAILS.items():
    reply = EmailReplyParser.parse_reply(mail)
    print(f"{mail!r} → {reply!r}")
    assert reply == (mail if left is None else left)
PYTHON
