"""Services with access to the organization: shown to a person; no verdict rests on it, so it is not read again."""
