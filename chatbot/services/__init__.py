"""The services of the product, in ten rooms; none knows HTTP or Celery.

From the bottom up, each may use those before it: access, delivery, knowledge, releases, learning,
review, monitoring, asking, privacy, beginning. What a room holds stands in its first line;
import-linter keeps the order.

The caller opens the transaction and hands in the session, except where a story must not hold one
open while it works: `asking.ask` matches before it writes.
"""
