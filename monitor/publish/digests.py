"""Digests of what a file of the site is made of. Pure."""

from __future__ import annotations

import hashlib


def digest(*parts: str | bytes) -> str:
    """A short digest of texts, for `File.inputs`."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()
