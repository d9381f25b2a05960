"""Lead files: taken in at once, read by the worker in batches, each row with its verdict."""
