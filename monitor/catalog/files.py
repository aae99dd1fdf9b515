"""Reading one TOML file of queries/ strictly: every fault names file, key and reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from monitor.cues import CueError, parse
from monitor.errors import QueryFileError
from monitor.patterns import Matcher


def _readable(cue: str) -> str:
    try:
        parse(cue)
    except CueError as error:
        raise ValueError(str(error)) from error
    return cue


#: A cue in the language of `monitor.patterns`, checked when the file is read.
Cue = Annotated[str, AfterValidator(_readable)]

#: Identifiers stand in URLs, file names and JSON.
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


class Entry(BaseModel):
    """Base of everything in queries/: frozen, and no unknown key passes."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Examples(Entry):
    """Sentences, written for this project, that a rule must match and must not match."""

    match: tuple[str, ...] = Field(min_length=1)
    no_match: tuple[str, ...] = Field(min_length=1)


E = TypeVar("E", bound=Entry)


def read(path: Path, kind: type[E]) -> E:
    """The whole file as one entry.

    Raises `QueryFileError` when the file is missing, is not TOML, or does not fit `kind`.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise QueryFileError(f"{path}: the file is missing.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise QueryFileError(f"{path}: it cannot be read ({error}).") from error
    except tomllib.TOMLDecodeError as error:
        raise QueryFileError(f"{path}: not valid TOML: {error}.") from error
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise QueryFileError(f"{path}: {_describe(error, data)}") from error


def _describe(error: ValidationError, data: object) -> str:
    first = error.errors(include_url=False)[0]
    where, at = "", data
    for step in first["loc"]:
        where += f"[{step}]" if isinstance(step, int) else f".{step}" if where else str(step)
        at = _inside(at, step)
        name = at.get("id") if isinstance(at, dict) else None
        if isinstance(step, int) and name:
            where = f"{where} ({name})"
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        reason = "unknown key"
    return f"{where or 'file'}: {reason}{more}."


def _inside(at: object, step: int | str) -> object:
    if isinstance(at, dict):
        return at.get(step)
    if isinstance(at, list) and isinstance(step, int) and step < len(at):
        return at[step]
    return None


def refuse_twice(path: Path, what: str, ids: Iterable[str]) -> None:
    """Raise `QueryFileError` when an id stands twice in a file."""
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise QueryFileError(f"{path}: {what} {name!r} stands there twice.")
        seen.add(name)


def check_examples(
    path: Path, rule: str, cues: Iterable[str], traps: Iterable[str], examples: Examples
) -> None:
    """Raise `QueryFileError` when a rule does not do to its own examples what it says.

    A sentence is matched when a cue is found in it outside every trap.
    """
    matcher = Matcher([*((True, c) for c in cues), *((False, t) for t in traps)])
    for wanted, sentences in ((True, examples.match), (False, examples.no_match)):
        for sentence in sentences:
            if matches(matcher, sentence) is not wanted:
                verb = "must match" if wanted else "must not match"
                raise QueryFileError(f"{path}: {rule}: {verb} {sentence!r}, but it does not do so.")


def matches(matcher: Matcher[bool], text: str) -> bool:
    """Whether a cue (key True) is found in the text outside every trap (key False)."""
    hits = matcher.find(text)
    traps = [h for h in hits if not h.key]
    return any(
        h.key and not any(t.start <= h.start and h.end <= t.end for t in traps) for h in hits
    )
