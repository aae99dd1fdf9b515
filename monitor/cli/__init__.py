"""The commands; the only place where the parts are put together.

Commands import what they need when they run, so that `monitor --help` is quick.
"""

from __future__ import annotations

import gc
import os
import sys

import typer
from typer.exceptions import Abort, TyperException

from monitor.cli.bulk import register as add_bulk
from monitor.cli.claims import register as add_claims
from monitor.cli.common import options
from monitor.cli.database import register as add_database
from monitor.cli.line import register as add_line
from monitor.cli.mails import register as add_mails
from monitor.cli.operate import register as add_operate
from monitor.cli.papers import register as add_papers
from monitor.cli.readers import register as add_readers
from monitor.cli.run import register as add_run
from monitor.cli.status import register as add_status
from monitor.cli.web import register as add_web
from monitor.cli.worker import register as add_worker
from monitor.errors import MonitorError

_USAGE = 2
_OBJECTS = 50_000

app = typer.Typer(
    name="monitor",
    help="Watch PubMed, read each new paper for design and claims, and tell what changed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.callback()(options)
for register in (
    add_line,
    add_mails,
    add_run,
    add_papers,
    add_claims,
    add_bulk,
    add_readers,
    add_status,
    add_operate,
    add_database,
    add_web,
    add_worker,
):
    register(app)


def main() -> None:
    """Run the program; expected failures become one sentence and an exit code."""
    # Imports make many objects that stay; to look through them again and again costs a fifth.
    gc.set_threshold(_OBJECTS, 20, 20)
    debug = "--debug" in sys.argv[1:]
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        print(f"Error: {error.format_message()} (see monitor --help)", file=sys.stderr)
        sys.exit(_USAGE)
    except (Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MonitorError as error:
        if debug:
            raise
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        if debug:
            raise
        print(
            f"Unexpected fault ({type(error).__name__}: {error}). "
            "Nothing that was stored is lost; run again with --debug for the details.",
            file=sys.stderr,
        )
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
