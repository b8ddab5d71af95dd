"""Finds names of people in texts, and puts pseudonyms in their places."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from auditor.model import ROOT_USER
from auditor.report.redaction.pseudonyms import EMAIL, PSEUDONYM, Pseudonyms
from auditor.report.redaction.words import WORDS

_TOKEN = re.compile(r"[\w+=,.@-]+")  # all that IAM's names are made of
_PIECE = re.compile(r"[^\W_]+|[\W_]")
_USER_ARN = re.compile(
    r"(\barn:[\w-]+:(?:iam|sts)::\d{12}:(?:user|federated-user|assumed-role/[^/\s]+)/)([\w+=,.@/-]+)"
)
_UNREAL_WORD = re.compile(r"\W|[\d_]")
_WILD = "*?"
_LONGEST_NAME = 64  # characters, of an IAM user


class _Names:
    """Names that are looked for in texts."""

    def __init__(self, names: Iterable[str]) -> None:
        self.all = frozenset(names)
        self._starts = frozenset(piece[0] for name in self.all if (piece := _PIECE.match(name)))

    def end(self, text: str, bounds: Sequence[int], at: int) -> int | None:
        """Where in ``bounds`` the longest name ends that begins at ``bounds[at]``."""
        start = bounds[at]
        if text[start : bounds[at + 1]] not in self._starts:
            return None
        last = min(len(bounds) - 1, at + _LONGEST_NAME)
        return next((end for end in range(last, at, -1) if text[start : bounds[end]] in self.all), None)


class Redactor:
    """Replaces ``names``, those of users, and whatever else ``auditor.report.redaction`` tells of."""

    def __init__(self, pseudonyms: Pseudonyms, names: Collection[str]) -> None:
        self.pseudonyms = pseudonyms
        self._names = frozenset(names) - {"", ROOT_USER}
        self._plain = self._names - WORDS
        self._loosely = _Names(self._plain)
        self._strictly = _Names(name for name in self._plain if _UNREAL_WORD.search(name))
        # Names that AWS would not allow; there should be none.
        self._odd = sorted((n for n in self._names if not _TOKEN.fullmatch(n)), key=lambda n: (-len(n), n))
        self._tokens: dict[tuple[str, bool], str] = {}

    def name(self, text: str) -> str:
        """A user's name, also before the id of something that is the user's (``eve/ACCA1``, as no name of IAM has a
        slash); that of another thing as in ``title``."""
        user, slash, owned = text.partition("/")
        return f"{self.pseudonyms.of(user)}{slash}{owned}" if user in self._names else self.title(text)

    def title(self, text: str) -> str:
        """The name of something that is no user: only what can be nothing else than a user's name is replaced in it."""
        if text in self._plain:
            return self.pseudonyms.of(text)
        return self._replaced(text, loosely=False)

    def sentence(self, text: str) -> str:
        """Any text."""
        if text in self._plain:
            return self.pseudonyms.of(text)
        if "arn:" in text:
            text = _USER_ARN.sub(self._arn_found, text)
        return self._replaced(text, loosely=True)

    def arn(self, text: str) -> str:
        """An ARN, with the names of users and sessions at its end."""
        if ":user/" in text:
            start, _, name = text.rpartition("/")
            where, _, path = start.partition(":user")
            return f"{where}:user{self.title(path) if path else ''}/{self.pseudonyms.of(name)}"
        if found := _USER_ARN.fullmatch(text):
            return self._arn_found(found)
        return "/".join(map(self.title, text.split("/")))

    def mail(self, text: str) -> str:
        return self.pseudonyms.of_mail(text) if text else text

    def contact(self, text: str) -> str:
        """The whole contact; that there is none, or none that may be read, stays."""
        start, found = ("on file: ", text.removeprefix("on file: ")) if text.startswith("on file: ") else ("", text)
        if not found or found == "none" or found.startswith("unknown ("):
            return text
        return start + self.pseudonyms.of_contact(found)

    def scope(self, text: str) -> str:
        """What a waiver covers: its patterns of names and ARNs may hold a part of a name, which is one too many."""
        return "; ".join(map(self._scope_part, text.split("; ")))

    def _scope_part(self, part: str) -> str:
        kind, _, patterns = part.partition(" ")
        if kind == "user":
            return f"user {', '.join(map(self._pattern, patterns.split(', ')))}"
        if kind == "arn":
            return f"arn {', '.join(map(self._arn_pattern, patterns.split(', ')))}"
        return self.sentence(part)

    def _pattern(self, pattern: str) -> str:
        return pattern if not pattern.strip(_WILD) or pattern == ROOT_USER else self.pseudonyms.of(pattern)

    def _arn_pattern(self, pattern: str) -> str:
        start, slash, end = pattern.rpartition("/")
        return f"{self.sentence(start)}{slash}{self._pattern(end)}" if slash else self.sentence(pattern)

    def _arn_found(self, found: re.Match[str]) -> str:
        """The last part is the name; a full stop or comma after it is the sentence's, unless a name ends so."""
        path, slash, name = found[2].rpartition("/")
        bare = name if name in self._names else name.rstrip(".,")
        return f"{found[1]}{path}{slash}{self.pseudonyms.of(bare)}{name[len(bare) :]}"

    def _replaced(self, text: str, *, loosely: bool) -> str:
        for name in self._odd:
            text = text.replace(name, self.pseudonyms.of(name))
        if "@" in text:  # before parts of an address could be taken for names
            text = _TOKEN.sub(lambda found: self._whole(found[0]), text)
            text = EMAIL.sub(lambda found: self.pseudonyms.of(found[0]), text)
        return _TOKEN.sub(lambda found: self._token(found[0], loosely=loosely), text)

    def _whole(self, token: str) -> str:
        return self.pseudonyms.of(token) if "@" in token and token in self._plain else token

    def _token(self, token: str, *, loosely: bool) -> str:
        known = self._tokens.get((token, loosely))
        if known is None:
            known = "".join(self._parts(token, self._loosely if loosely else self._strictly))
            if len(token) <= 2 * _LONGEST_NAME:
                self._tokens[token, loosely] = known
        return known

    def _parts(self, token: str, names: _Names) -> Iterator[str]:
        """The token's parts, those that are names replaced; pseudonyms that are in it already stay."""
        at = 0
        for found in PSEUDONYM.finditer(token):
            if found[0] in self.pseudonyms.known:
                yield from self._names_in(token[at : found.start()], names)
                yield found[0]
                at = found.end()
        yield from self._names_in(token[at:], names)

    def _names_in(self, text: str, names: _Names) -> Iterator[str]:
        """A name begins and ends at a sign, or where the text does."""
        bounds = [0, *(piece.end() for piece in _PIECE.finditer(text))]
        at = 0
        while at < len(bounds) - 1:
            end = names.end(text, bounds, at)
            yield (
                text[bounds[at] : bounds[at + 1]] if end is None else self.pseudonyms.of(text[bounds[at] : bounds[end]])
            )
            at = at + 1 if end is None else end
