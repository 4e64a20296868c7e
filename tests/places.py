"""Four intents with twenty phrasings each, one for every place: an FAQ to hide rows of."""

from chatbot.domain.example import Example

WORDS = {
    "password": "reset my forgotten password for the {} portal",
    "vpn": "the vpn tunnel to {} keeps dropping all day",
    "invoice": "please send an invoice about {} to accounting",
    "leave": "how many days of holiday leave during {} remain",
}
PLACES = (
    "paris",
    "oslo",
    "rome",
    "berlin",
    "madrid",
    "lisbon",
    "vienna",
    "dublin",
    "prague",
    "bern",
    "kyiv",
    "riga",
    "athens",
    "sofia",
    "warsaw",
    "zagreb",
    "tallinn",
    "vilnius",
    "cairo",
    "lima",
)
UTTERANCES = {name: [text.format(place) for place in PLACES] for name, text in WORDS.items()}
EXAMPLES = [Example(text, name) for name, texts in UTTERANCES.items() for text in texts]
