"""Who asks: the client's address behind proxies, and whether a form was sent from our own page.

Pure. Nothing that a client writes is believed, unless a trusted proxy wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

#: An IPv6 customer holds at least this much, so it counts as one client.
_IPV6_SHARE: Final = 64
_SAME_SITE: Final = frozenset({"same-origin", "none"})
_PORTS: Final = {"http": 80, "https": 443}


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The client's address: the peer's, or what trusted proxies say, read from the right.

    `forwarded` are the values of X-Forwarded-For in their order. The right-most address that is not
    a trusted proxy's is the client's; what stands left of it was written by the client itself.
    """
    if not _is_trusted(peer, trusted):
        return peer
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    address = peer
    for hop in reversed(hops):
        plain = _plain(hop)
        if plain is None:
            return address
        address = plain
        if not _is_trusted(plain, trusted):
            return plain
    return address


def share(address: str) -> str:
    """What a rate limit counts: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((found, _IPV6_SHARE), strict=False))
    return str(found)


def is_foreign_form(headers: Mapping[str, str], site_url: str) -> bool:
    """Whether a browser says that another site sent this form.

    Browsers name it in Sec-Fetch-Site, older ones in Origin. Neither is there when a program asks,
    which has no cookies or powers of a reader to borrow.
    """
    fetched = headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched not in _SAME_SITE
    origin = headers.get("origin")
    if origin is None or origin == "null":  # our pages send no referrer, so their Origin is null
        return False
    own = (
        {_origin(site_url)}
        if site_url
        else {_origin(f"{s}://{headers.get('host', '')}") for s in _PORTS}
    )
    return _origin(origin) not in own


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None
    return parts.scheme, (parts.hostname or "").lower(), port


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in trusted)


def _plain(hop: str) -> str | None:
    """An address without port and brackets; None when it is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return None
