"""The command of the web service."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.common import Context
from monitor.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Where to listen. Default: MONITOR_SERVE_HOST, 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port. Default: MONITOR_SERVE_PORT, 8000."),
    ] = None,
) -> None:
    """Serve the site, subscribing, health, metrics and the JSON API, until SIGTERM."""
    ctx: Context = context.obj
    ctx.log()
    try:
        from monitor.serve import server
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("monitor"):
            raise
        raise ConfigurationError(
            "monitor serve needs more packages: pip install 'evidence-monitor[web]' "
            f"({error.name} is missing)."
        ) from error
    given = {"serve_host": host, "serve_port": port}
    settings = ctx.settings.model_copy(update={k: v for k, v in given.items() if v is not None})
    server.run(settings, ctx.store, ctx.catalog)
