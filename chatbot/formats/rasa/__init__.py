"""Read the files of Rasa bots, and of Botfront, which are Rasa's with languages; write Rasa's."""

from chatbot.formats.format import Format
from chatbot.formats.rasa.reader import is_rasa, read_rasa
from chatbot.formats.rasa.writer import write_rasa

FORMAT = Format(
    name="rasa",
    title="Rasa bot: YAML, Markdown of version 1, or JSON of its first versions",
    sniff=is_rasa,
    read=read_rasa,
    write=write_rasa,
)
