"""Asking: a visitor gets an answer, a choice or a person, on which site and how often."""
