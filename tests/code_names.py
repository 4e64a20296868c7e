"""What staff of an invented company call things: words that no encoder has ever seen.

Only confirmations can teach them, so a version that learnt is better beyond doubt.
"""

CODE_NAMES = {
    "vpn-connect": "Kestrel",
    "printer-not-working": "Bramble",
    "get-invoice": "Magpie",
    "order-equipment": "Otterbox",
    "two-factor-lost-device": "Lanthorn",
    "sync-problems": "Quillon",
}
PHRASINGS = (
    "{} again!!",
    "hi, it is about {}",
    "{} pls",
    "who can help me with {}",
    "need {} today, what do I do",
    "question regarding {}",
    "still stuck with {} since monday",
    "my colleague said I should ask here for {}",
    "{}?",
    "how does {} work",
    "I have never used {} before",
    "{} and I have a meeting in ten minutes",
    "what was the thing with {} again",
    "{} help needed",
    "can somebody explain {} to me",
    "everything about {} please",
)
