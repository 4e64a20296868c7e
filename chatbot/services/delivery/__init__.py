"""What leaves the house: events, webhooks, mail and Chatwoot, each delivered at least once."""
