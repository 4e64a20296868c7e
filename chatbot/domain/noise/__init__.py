"""Find by rules, without a model, what stands in a message beside its question, or in its way."""
