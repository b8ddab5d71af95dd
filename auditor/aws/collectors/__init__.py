"""One file for each kind of evidence, and what they share."""
