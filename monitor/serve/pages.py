"""Subscribe, confirm, choose, leave.

A link is followed by mail scanners too, so following one never does anything: it shows a button.
Nobody learns from an answer whether an address gets the digest: asking for it looks nothing up.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Final

import structlog
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.digest import stage as digest
from monitor.errors import MonitorError, TokenError, TokenExpiredError
from monitor.model import Subscriber
from monitor.serve import bodies, clients, forms, render
from monitor.serve.context import Web
from monitor.serve.limits import Limit, Limiter
from monitor.store import notices, subscribers
from monitor.store.limiter import forget_before, hold, once
from monitor.tokens import CHOICES_PATH, CONFIRM_PATH, LEAVE_PATH, Bearer, Signer
from monitor.wording import to_say

_ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
_ONCE_IN: Final = timedelta(days=1)
#: How long sending may take; killed meanwhile, the address may be asked again after it.
_SENDING: Final = timedelta(minutes=5)
_LONGEST_TOKEN: Final = 4096
_SUBSCRIBE: Final = ("subscribe", to_say("Subscribe again"))
_LEFT: Final = (
    to_say("You get no more mails"),
    to_say("This address was deleted, with everything that was noted about the mails sent to it."),
)
_TOO_OLD: Final = to_say("This link is too old: please subscribe again.")
_GONE: Final = to_say("This address gets no digest any more, and was deleted.")
#: Mails that ask to confirm, to whomever: a flood of strangers' addresses ends here.
_ASKED: Final = Limit(per_minute=5, burst=60)
log = structlog.get_logger()


def routes(web: Web) -> list[Route]:
    """The addresses of these pages; without SITE_URL and SECRET_KEY they say that it is off."""
    if not web.settings.site_url or web.settings.secret_key is None:
        off = ("/subscribe", f"/{CONFIRM_PATH}{{token}}", f"/{LEAVE_PATH}{{token}}",
               f"/{CHOICES_PATH}{{token}}")  # fmt: skip
        return [Route(path, _not_set_up, methods=["GET", "POST"]) for path in off]
    pages = _Pages(web, web.settings.secret_key.get_secret_value())
    return [
        Route("/subscribe", pages.show_subscribe, methods=["GET"]),
        Route("/subscribe", pages.subscribe, methods=["POST"]),
        Route(f"/{CONFIRM_PATH}{{token}}", pages.show_confirm, methods=["GET"]),
        Route(f"/{CONFIRM_PATH}{{token}}", pages.confirm, methods=["POST"]),
        Route(f"/{CHOICES_PATH}{{token}}", pages.show_choices, methods=["GET"]),
        Route(f"/{CHOICES_PATH}{{token}}", pages.choose, methods=["POST"]),
        Route(f"/{LEAVE_PATH}{{token}}", pages.show_leave, methods=["GET"]),
        Route(f"/{LEAVE_PATH}{{token}}", pages.leave, methods=["POST"]),
    ]


async def _not_set_up(request: Request) -> Response:
    return render.message(
        request,
        to_say("Not set up here"),
        to_say("This site does not send its digest by mail. Its feed tells the same news."),
        status=404,
        links=(("feeds/all.xml", to_say("The feed")), render.START),
    )


@dataclass(frozen=True)
class _Pages:
    web: Web
    secret: str

    @cached_property
    def signer(self) -> Signer:
        """Reads the links."""
        return Signer(self.secret)

    @cached_property
    def seal(self) -> forms.FormSeal:
        """Seals the form by which people subscribe."""
        return forms.FormSeal(self.secret)

    @cached_property
    def offer(self) -> forms.Offer:
        """What there is to choose from."""
        return forms.Offer.of(self.web.catalog, self.web.words)

    @cached_property
    def asked(self) -> Limiter:
        """Mails that ask to confirm, all together."""
        return Limiter(_ASKED, self.web.clock)

    async def show_subscribe(self, request: Request) -> Response:
        """The form."""
        return self._subscribe_page(request, Subscriber(0, "", self.web.now()))

    def _subscribe_page(
        self, request: Request, chosen: Subscriber, fault: str = "", email: str = ""
    ) -> Response:
        return render.page(
            request,
            "subscribe.html",
            422 if fault else 200,
            heading=to_say("Get the digest by mail"),
            offer=self.offer,
            chosen=chosen,
            fault=fault,
            email=email,
            token=self.seal.make(self.web.now()),
        )

    async def subscribe(self, request: Request) -> Response:
        """Take an address; whatever is known of it, the answer is the same."""
        sent = await self._form(request)
        now = self.web.now()
        reader = Subscriber(0, "", now)
        try:
            reader = forms.choose(sent, self.offer, reader)
            self.seal.check(sent, now)
            reader = replace(reader, email=forms.address(sent))
            trapped = bool(forms.one(sent, "website"))
        except forms.FormError as error:
            email = " ".join(sent.get("email", ()))[:254]
            return self._subscribe_page(request, reader, str(error), email)
        if wait := self.asked.take("all"):
            raise HTTPException(503, headers={"retry-after": f"{wait:.0f}"})
        response = render.message(
            request,
            to_say("One more step"),
            to_say(
                "If mails can be sent to this address, one is on its way to it. Open the link in "
                "it and press the button there; only then is the address stored."
            ),
            to_say(
                "Nothing came? Look among the unwanted mails. One such mail a day is sent to an "
                "address at most."
            ),
        )
        if not trapped:
            response.background = BackgroundTask(self.web.write, self._ask, reader)
        return response

    def _ask(self, reader: Subscriber) -> None:
        """Send the mail that asks, unless one went to this address within a day."""
        web, now = self.web, self.web.now()
        name = f"confirm:{self._mark(reader.email)}"
        try:
            forget_before(web.store, "confirm:", now.timestamp())
            if not once(web.store, name, now.timestamp(), _SENDING.total_seconds()):
                return
            digest.ask_to_confirm(web.settings, reader, now)
            hold(web.store, name, (now + _ONCE_IN).timestamp())
        except MonitorError as error:
            log.warning("a mail that asks to confirm was not sent", reason=type(error).__name__)
            self._give_back(name, str(error))

    def _give_back(self, name: str, reason: str) -> None:
        """Let the address be asked again, and tell the operator."""
        now = self.web.now()
        try:
            forget_before(self.web.store, name, float("inf"))
            notices.add(self.web.store, "a mail that asks to confirm was not sent", reason, now)
        except MonitorError as error:
            log.warning("store failed", reason=str(error))

    def _mark(self, email: str) -> str:
        """A mailbox as a keyed hash: the database names nobody who has not agreed yet."""
        local, _, domain = email.lower().rpartition("@")
        mailbox = f"{local.partition('+')[0]}@{domain}"
        return hmac.new(self.secret.encode(), mailbox.encode(), hashlib.sha256).hexdigest()[:40]

    async def show_confirm(self, request: Request) -> Response:
        """The button behind the link of the mail."""
        reader = self._confirmed(request)
        return render.page(
            request,
            "button.html",
            heading=to_say("Get the digest?"),
            sentences=[self.web.words.say("Mails will go to %(address)s.", address=reader.email)],
            facts=forms.spoken(reader, self.offer, self.web.words),
            hidden=[],
            button=to_say("Yes, send me the digest"),
            note=to_say("If you did not ask for it, close this page: nothing is stored."),
        )

    async def confirm(self, request: Request) -> Response:
        """Store the address: its owner has pressed the button."""
        await self._form(request)
        reader = self._confirmed(request)
        stored, _ = await self.web.write(subscribers.add, self.web.store, reader)
        log.info("a reader confirmed", subscriber=stored.id)
        return render.message(
            request,
            to_say("Thank you"),
            to_say("You get the next issue, and the latest one soon."),
            links=(
                (f"{CHOICES_PATH}{self.signer.choices(stored)}", to_say("Change your choices")),
                ("issues/index.html", to_say("Read the latest issue here")),
            ),
        )

    def _confirmed(self, request: Request) -> Subscriber:
        token = self._token(request)
        try:
            return self.signer.confirmed(token, self.web.now())
        except TokenExpiredError as error:
            raise HTTPException(
                410, to_say("This link is too old: please subscribe again.")
            ) from error
        except TokenError as error:
            raise self._not_ours(request) from error

    async def show_choices(self, request: Request) -> Response:
        """The choices as they are."""
        reader = await self._reader(request)
        return self._choices_page(request, reader, reader)

    async def choose(self, request: Request) -> Response:
        """Change the choices; who was suspended gets mails again."""
        sent = await self._form(request)
        reader = await self._reader(request)
        try:
            chosen = replace(forms.choose(sent, self.offer, reader), suspended=False)
        except forms.FormError as error:
            return self._choices_page(request, reader, reader, fault=str(error))
        await self.web.write(subscribers.change, self.web.store, chosen)
        return self._choices_page(request, chosen, chosen, saved=True)

    def _choices_page(
        self,
        request: Request,
        reader: Subscriber,
        chosen: Subscriber,
        *,
        saved: bool = False,
        fault: str = "",
    ) -> Response:
        return render.page(
            request,
            "preferences.html",
            422 if fault else 200,
            heading=to_say("Your choices"),
            offer=self.offer,
            reader=reader,
            chosen=chosen,
            saved=saved,
            fault=fault,
            leave=f"{LEAVE_PATH}{self.signer.leave(reader)}",
        )

    async def _reader(self, request: Request) -> Subscriber:
        token = self._token(request)
        try:
            bearer = self.signer.choosing(token)
        except TokenError as error:
            raise self._not_ours(request) from error
        found = await self.web.read(self._find, bearer)
        if found is None:
            raise HTTPException(
                410, to_say("This address gets no digest any more, and was deleted.")
            )
        return found

    def _find(self, bearer: Bearer) -> Subscriber | None:
        return subscribers.get(self.web.store, bearer.id, bearer.joined)

    async def show_leave(self, request: Request) -> Response:
        """The button behind the link of a mail; the same whether the reader is still there."""
        self._leaving(request)
        return render.page(
            request,
            "button.html",
            heading=to_say("Stop the mails?"),
            sentences=[
                self.web.words.say(
                    "The address is deleted, with everything noted about the mails sent to it."
                )
            ],
            facts=[],
            hidden=[_ONE_CLICK],
            button=to_say("Yes, stop them"),
            note="",
        )

    async def leave(self, request: Request) -> Response:
        """Leave with one click (RFC 8058): no cookie, no question, the same answer each time."""
        sent = await bodies.form(request)
        bearer = self._leaving(request)
        name, value = _ONE_CLICK
        if sent.get(name) != [value]:
            raise HTTPException(400, to_say("The form must say List-Unsubscribe=One-Click."))
        await self.web.write(self._remove, bearer)
        return render.message(request, *_LEFT, links=(_SUBSCRIBE, render.START))

    def _remove(self, bearer: Bearer) -> None:
        found = self._find(bearer)
        if found is not None:
            subscribers.remove(self.web.store, found.email)
            log.info("a reader left", subscriber=found.id)

    def _leaving(self, request: Request) -> Bearer:
        token = self._token(request)
        try:
            return self.signer.leaving(token)
        except TokenError as error:
            raise self._not_ours(request) from error

    def _token(self, request: Request) -> str:
        token: str = request.path_params["token"]
        if len(token) > _LONGEST_TOKEN:
            raise self._not_ours(request)
        return token

    def _not_ours(self, request: Request) -> HTTPException:
        """Refuse a link; who tries many of them is asked to wait."""
        if wait := self.web.guesses.take(request.state.client):
            return HTTPException(429, headers={"retry-after": f"{wait:.0f}"})
        return HTTPException(404, to_say("This link is not one of ours, or it was cut short."))

    async def _form(self, request: Request) -> dict[str, list[str]]:
        """A form that our own page sent. Raises `HTTPException`."""
        if clients.is_foreign_form(request.headers, self.web.settings.site_url):
            raise HTTPException(403, to_say("This form was sent from another site."))
        if wait := self.web.forms.take(request.state.client):
            raise HTTPException(429, headers={"retry-after": f"{wait:.0f}"})
        return await bodies.form(request)
