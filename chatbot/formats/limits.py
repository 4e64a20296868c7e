"""How long and how large the parts of an FAQ may be, whatever file they come from."""

MAX_UTTERANCE_CHARS = 500
MAX_TITLE_CHARS = 200
MAX_TOPIC_CHARS = 80
MAX_ANSWER_CHARS = 20_000
MAX_NAME_CHARS = 80
