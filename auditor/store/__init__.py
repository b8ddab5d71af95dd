"""The evidence store: its layout, manifest, journal, evidence files, hashes and seal."""
