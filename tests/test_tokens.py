"""Signed links: whom they speak for, how long, and that none passes for another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import TokenError, TokenExpiredError
from monitor.model import Subscriber
from monitor.tokens import CONFIRM_WITHIN, Bearer, Signer
from tests.conftest import NOW

READER = Subscriber(
    7,
    "reader@example.org",
    NOW + timedelta(microseconds=123457),
    topics=("ldn",),
    mechanisms=("nk_cell", "microglia"),
    max_tier=3,
    monthly=True,
    text_only=True,
    locale="de",
    timezone="Europe/Berlin",
)
signer = Signer("0123456789abcdef")


def test_a_confirmation_carries_address_and_choices() -> None:
    later = NOW + timedelta(days=1)
    found = signer.confirmed(signer.confirm(READER, NOW), later)
    assert found == replace(READER, id=0, joined=later)


def test_a_confirmation_runs_out() -> None:
    token = signer.confirm(READER, NOW)
    assert signer.confirmed(token, NOW + CONFIRM_WITHIN).email == READER.email
    with pytest.raises(TokenExpiredError):
        signer.confirmed(token, NOW + CONFIRM_WITHIN + timedelta(seconds=1))


def test_links_of_a_digest_name_no_address_and_one_reader_only() -> None:
    assert signer.leaving(signer.leave(READER)) == Bearer(7, READER.joined)
    assert signer.choosing(signer.choices(READER)) == Bearer(7, READER.joined)
    successor = replace(READER, joined=READER.joined + timedelta(microseconds=1))
    assert signer.leave(successor) != signer.leave(READER)
    assert "reader" not in signer.leave(READER)


def test_no_token_passes_for_another_kind_or_another_key() -> None:
    made = {
        signer.confirmed: signer.confirm(READER, NOW),
        signer.leaving: signer.leave(READER),
        signer.choosing: signer.choices(READER),
    }
    for token in made.values():
        for read, own in made.items():
            if own != token:
                with pytest.raises(TokenError):
                    read(token, *([NOW] if read == signer.confirmed else []))
    with pytest.raises(TokenError):
        Signer("fedcba9876543210").leaving(signer.leave(READER))


@given(st.text())
def test_what_is_no_token_is_refused_in_words(text: str) -> None:
    for call in (signer.leaving, signer.choosing, lambda t: signer.confirmed(t, NOW)):
        with pytest.raises(TokenError):
            call(text)


@given(st.integers(min_value=0), st.sampled_from("abcXYZ019-_."))
def test_a_token_with_one_character_changed_is_refused(place: int, put: str) -> None:
    token = signer.leave(READER)
    at = place % len(token)
    changed = token[:at] + put + token[at + 1 :]
    if changed != token:
        # The last character of base64 may hold bits that say nothing: then it is the same token.
        try:
            assert signer.leaving(changed) == Bearer(7, READER.joined)
            assert at in {len(token) - 1, token.index(".") - 1}
        except TokenError:
            pass
