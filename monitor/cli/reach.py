"""Whether the links in mails are answered: asked where readers would ask."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Final

from monitor.model import Subscriber
from monitor.settings import Settings
from monitor.tokens import LEAVE_PATH, Signer

_SECONDS: Final = 5.0
_MOST: Final = 1 << 18
_BUTTON: Final = b"List-Unsubscribe"
#: Nobody: readers have numbers from 1 on. A link for leaving is answered the same for everyone.
_NOBODY: Final = Subscriber(0, "", datetime(1970, 1, 1, tzinfo=UTC))


def dead_links(settings: Settings) -> str:
    """Why the links in mails to leave and to choose are dead; "" when they are answered.

    Asks SITE_URL by GET for the page of such a link, signed with SECRET_KEY, for no reader: only
    `monitor serve` with the same key shows the button. Nothing changes by it. Both settings must
    be set.
    """
    assert settings.secret_key is not None
    token = Signer(settings.secret_key.get_secret_value()).leave(_NOBODY)
    place = f"{settings.site_url}{LEAVE_PATH}"
    try:
        # Settings let only http and https pass.
        with urllib.request.urlopen(f"{place}{token}", timeout=_SECONDS) as answer:  # noqa: S310
            page = answer.read(_MOST)
    except urllib.error.HTTPError as error:
        return f"{place}… answers {error.code}"
    except (http.client.HTTPException, OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return f"{place}… cannot be reached from here ({reason or type(error).__name__})"
    return "" if _BUTTON in page else f"{place}… shows another page"
