"""What stands in a message beside its question, or in its way: found by rules, without a model."""
