"""The catalogue, the tables and the as-of time become findings."""
