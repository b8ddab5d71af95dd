"""IAM Identity Center: shown to a person; no verdict rests on it, so it is not read again."""
