"""Reading what was sent in a form: a size, a time and a kind that are allowed, or a refusal."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from anyio import fail_after
from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from monitor.wording import to_say

#: What a form may take to arrive: less than the service has for ending at a signal.
SECONDS: Final = 5.0
_BYTES: Final = 16_384
_FIELDS: Final = 200
_PLAIN: Final = b"application/x-www-form-urlencoded"
_PARTS: Final = b"multipart/form-data"


async def form(request: Request) -> dict[str, list[str]]:
    """The fields that were sent, each with its values in order.

    Raises `HTTPException`: 413 too large, 408 too slow, 415 another kind, 400 not readable.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if not kind and request.headers.get("content-length") == "0":
        return {}
    if kind not in {_PLAIN, _PARTS}:
        raise HTTPException(415, to_say("Only forms are read here."))
    content = await _read(request)
    try:
        if kind == _PARTS:
            return _multipart(content, options.get(b"boundary", b""))
        text = content.decode("ascii")
        return parse_qs(text, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except (FormParserError, ValueError) as error:
        raise HTTPException(400, to_say("The form cannot be read.")) from error


async def _read(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or int(length[:12]) > _BYTES:
        raise HTTPException(413, to_say("This is too much for a form."))
    content = bytearray()
    try:
        with fail_after(SECONDS):
            async for piece in request.stream():
                content += piece
                if len(content) > _BYTES:
                    raise HTTPException(413, to_say("This is too much for a form."))
    except TimeoutError as error:
        raise HTTPException(408, to_say("The form came too slowly.")) from error
    except ClientDisconnect as error:
        raise HTTPException(400, to_say("The form was cut short.")) from error
    return bytes(content)


def _multipart(content: bytes, boundary: bytes) -> dict[str, list[str]]:
    """Plain fields only; files in a form are not looked at."""
    found: dict[str, list[str]] = {}
    total = 0

    def take(field: Field) -> None:
        nonlocal total
        total += 1
        if total > _FIELDS:
            raise ValueError("too many fields")
        name = (field.field_name or b"").decode()
        found.setdefault(name, []).append((field.value or b"").decode())

    def ignore(_file: File) -> None:
        return

    parser = FormParser("multipart/form-data", take, ignore, boundary=boundary)
    parser.write(content)
    parser.finalize()
    return found
