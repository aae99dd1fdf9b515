"""The demo's PubMed for other containers, on port 8080; SIGUSR1 lets three papers come out."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from monitor.demo.pubmed import PubMedServer
from monitor.demo.sample import sample_revisions

NEWS = {"37832757", "39374820", "40903540"}


def come_out(server: PubMedServer) -> None:
    """Add what was held back, with today where the sample says when it came out."""
    today = datetime.now(UTC).date()
    for revision in sample_revisions():
        if revision.pmid in NEWS:
            server.add(revision.xml.replace(written(revision.visible_from), written(today)))


def written(day: date) -> bytes:
    """A date as the sample's XML has it."""
    return f"<Year>{day.year}</Year><Month>{day:%m}</Month><Day>{day:%d}</Day>".encode()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until it ends."""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def main() -> None:
    """Serve until stopped. The server itself listens on loopback only."""
    with PubMedServer() as server:
        server.add_all((r.xml, r.visible_from) for r in sample_revisions() if r.pmid not in NEWS)
        port = urlsplit(server.url).port

        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, come_out, server)
        async with await asyncio.start_server(meet, "0.0.0.0", 8080) as outer:
            await outer.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
