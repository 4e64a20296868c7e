"""Access: who may do what, and the record of who did: keys, people and the audit trail."""
