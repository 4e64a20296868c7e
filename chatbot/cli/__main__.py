"""`python -m chatbot.cli`, where the script is not on the PATH."""

from chatbot.cli import main

main(prog_name="chatbot")
