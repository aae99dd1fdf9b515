"""Frozen values to JSON text and back, by their annotations; defaults are left out."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _adapter_of(kind: Any) -> TypeAdapter[Any]:
    return _adapter(kind)


def encode(value: object, kind: Any = None) -> str:
    """A value as JSON text; the same value always gives the same text."""
    adapter = _adapter_of(kind or type(value))
    return adapter.dump_json(value, exclude_defaults=True).decode()


def decode(kind: type[T], text: str) -> T:
    """The value that `encode` wrote."""
    value: T = _adapter_of(kind).validate_json(text)
    return value
