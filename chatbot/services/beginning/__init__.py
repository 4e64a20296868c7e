"""How an instance begins: with the demo, and with things to try."""
