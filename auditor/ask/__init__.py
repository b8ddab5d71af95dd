"""SQL over a snapshot, and a snapshot from Python."""
