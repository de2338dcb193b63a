"""What must not leave the process, and what is too large to: the one place every recorded value passes.

Three nets. A value under a key that sounds secret is replaced. So is, anywhere in the same trace, text that contains a
value seen under such a key, or a secret of the environment. And `password=...` inside free text is blanked.
Depth, width and length are bounded; what is cut says by how much.
"""

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

HIDDEN = "•••"
MAX_TEXT, MAX_ITEMS, MAX_DEPTH = 2000, 100, 8
MAX_NODES = 5000
"""How many values of one tree are kept."""

_SOUNDS_SECRET = (
    *("password", "passwd", "passphrase", "secret", "token", "apikey", "authorization", "cookie", "credential"),
    *("privatekey", "accesskey", "signature", "cardnumber", "creditcard", "session", "csrf"),
)
_EXACTLY = frozenset({"pwd", "pin", "cvv", "cvc", "ssn", "otp", "auth", "iban"})
_SEPARATORS = re.compile(r"[^a-z0-9]")
_ASSIGNED = re.compile(
    r"(?i)([\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization|credential)[\w-]*[\"']?\s*[=:]\s*[\"']?)"
    r"(?:bearer\s+|basic\s+)?[^\s\"'&,;)}\]]+"
)
_NAMES_ONE = re.compile(r"(?i)password|passwd|secret|token|key|authorization|credential")
_HARMLESS = re.compile(r"(?i)session|_sock$|_file$|_path$|_dir$|_askpass$")
"""Environment variables that only sound secret."""

_SHORTEST = 5
"""Text shorter than this is hidden under its key but not looked for elsewhere: it would match everywhere."""


@lru_cache(maxsize=4096)
def sounds_secret(key: str, more: tuple[str, ...] = ()) -> bool:
    """Return whether a value called `key` must not be shown."""
    plain = _SEPARATORS.sub("", key.lower())
    return plain in _EXACTLY or any(word in plain for word in (*_SOUNDS_SECRET, *more))


def secrets_of(environment: Mapping[str, str], *urls: str) -> frozenset[str]:
    """Return the secret values of an environment, and the passwords in `urls` and in the environment's own URLs."""
    found = {value for key, value in environment.items() if sounds_secret(key) and not _HARMLESS.search(key)}
    for url in (*urls, *(value for value in environment.values() if "://" in value)):
        password = _password(url)
        found |= {password, unquote(password)}
    return frozenset(value for value in found if len(value) >= _SHORTEST)


def extra_words(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the project's own secret-sounding words: `LOOM_RECORD_HIDE=iban,phone`."""
    listed = environment.get("LOOM_RECORD_HIDE", "").lower().split(",")
    return tuple(_SEPARATORS.sub("", word) for word in listed if word.strip())


class Redactor:
    """Cleans the values of one trace. Feed it what holds named values first: `learn`, then `clean`."""

    def __init__(self, known: frozenset[str] = frozenset(), words: tuple[str, ...] = ()) -> None:
        self._words = words
        self._secrets = set(known)
        self._pattern: re.Pattern[str] | None = None

    def learn(self, tree: Any, depth: int = 0) -> None:
        """Remember every text under a key that sounds secret."""
        if depth > MAX_DEPTH:
            return
        if isinstance(tree, dict):
            for key, value in tree.items():
                if self.hides(str(key)):
                    self._remember(value)
                else:
                    self.learn(value, depth + 1)
        elif isinstance(tree, list | tuple):
            for value in tree[:MAX_ITEMS]:
                self.learn(value, depth + 1)

    def hides(self, key: str) -> bool:
        """Return whether a value called `key` is hidden."""
        return sounds_secret(key, self._words)

    def text(self, text: str, limit: int = MAX_TEXT) -> str:
        """Return `text` without secrets, cut to `limit` characters."""
        if self._secrets and len(text) >= _SHORTEST:
            if self._pattern is None:
                longest_first = sorted(self._secrets, key=len, reverse=True)
                self._pattern = re.compile("|".join(re.escape(secret) for secret in longest_first))
            text = self._pattern.sub(HIDDEN, text)
        if len(text) > _SHORTEST and ("=" in text or ":" in text) and _NAMES_ONE.search(text):
            text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
        return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"

    def clean(self, tree: Any) -> Any:
        """Return `tree` without secrets and within bounds."""
        if tree is None or tree is True or tree is False:
            return tree
        return self._clean(tree, 0, [MAX_NODES])

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return named texts (headers, a query) with the secret ones hidden."""
        return tuple((self.text(name, 200), HIDDEN if self.hides(name) else self.text(value)) for name, value in pairs)

    def _remember(self, value: Any) -> None:
        if isinstance(value, str) and len(value) >= _SHORTEST and value != HIDDEN:
            self._secrets.add(value)
            self._pattern = None
        elif isinstance(value, list | tuple):
            for item in value[:MAX_ITEMS]:
                self._remember(item)
        elif isinstance(value, dict):
            for item in value.values():
                self._remember(item)

    def _clean(self, tree: Any, depth: int, left: list[int]) -> Any:
        left[0] -= 1
        if isinstance(tree, str):
            return self.text(tree)
        if isinstance(tree, dict):
            return "{…}" if depth >= MAX_DEPTH or left[0] <= 0 else self._clean_dict(tree, depth, left)
        if isinstance(tree, list | tuple):
            return "[…]" if depth >= MAX_DEPTH or left[0] <= 0 else self._clean_list(tree, depth, left)
        return tree

    def _clean_dict(self, tree: dict[Any, Any], depth: int, left: list[int]) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for key, value in tree.items():
            if len(cleaned) >= MAX_ITEMS or left[0] <= 0:
                cleaned["…"] = f"{len(tree) - len(cleaned):,} more"
                break
            hidden = self.hides(str(key)) and value is not None and not isinstance(value, bool)
            cleaned[self.text(str(key), 200)] = HIDDEN if hidden else self._clean(value, depth + 1, left)
        return cleaned

    def _clean_list(self, tree: list[Any] | tuple[Any, ...], depth: int, left: list[int]) -> list[Any]:
        cleaned: list[Any] = []
        for value in tree:
            if len(cleaned) >= MAX_ITEMS or left[0] <= 0:
                cleaned.append(f"… {len(tree) - len(cleaned):,} more")
                break
            cleaned.append(self._clean(value, depth + 1, left))
        return cleaned


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
