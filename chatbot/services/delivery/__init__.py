"""Delivery of what leaves the house: events, webhooks, mail and Chatwoot, each at least once."""
