"""One text's pseudonym under one key, and the way back for who has handed it out."""

from __future__ import annotations

import base64
import hmac
import re

PSEUDONYM = re.compile(r"\b(?:user|mail|contact)-[a-z2-7]{16}\b")
"""HMAC-SHA-256 of the text, its first 80 bits in base32: two texts of a billion share one with odds below 1 to 10^6."""
EMAIL = re.compile(r"[\w.+%&~!#$'*^{}|-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


class Pseudonyms:
    """Hands out pseudonyms, and remembers whose they are in ``known``: pseudonym -> text."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._handed_out: dict[str, str] = {}
        self.known: dict[str, str] = {}

    def of(self, text: str) -> str:
        """``mail-...`` for an e-mail address, else ``user-...``, wherever the text stands."""
        found = self._handed_out.get(text)
        if found is None:
            found = self._handed_out[text] = self._new_pseudonym("mail" if EMAIL.fullmatch(text) else "user", text)
        return found

    def of_contact(self, text: str) -> str:
        """``contact-...``, for a name, an address and a telephone number in one text."""
        return self._new_pseudonym("contact", text)

    def of_mail(self, text: str) -> str:
        """``mail-...``, whatever it looks like."""
        return self._new_pseudonym("mail", text)

    def _new_pseudonym(self, kind: str, text: str) -> str:
        digest = hmac.digest(self._key, text.encode(), "sha256")[:10]
        pseudonym = f"{kind}-{base64.b32encode(digest).decode().lower()}"
        self.known[pseudonym] = text
        return pseudonym
