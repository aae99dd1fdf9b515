"""Carries out the Dockerfile without Docker: every step in a bare Debian root, as root.

    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm ROOT
    python deploy/prove_dockerfile.py ROOT

ROOT stands for the base image (Debian with Python, here as /usr/bin/python3); it is copied for each
stage and left as it is. COPY and RUN are done as they stand; then, in the last stage, the container
is started as its user on a root file system that is mounted read-only, with /data, /reports and
/tmp writable, and the program has to work. What this does not prove: that the base image exists,
that its pip goes away when told to (one that does nothing else stands in for it), and what a Docker
engine adds: try_compose.py has one do it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parent.parent
PASSED = ("PIP_", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy")


@dataclass
class Stage:
    """One FROM: its root folder, and what the steps so far have set."""

    root: Path
    work: str = "/"
    user: str = "0"
    environ: dict[str, str] = field(
        default_factory=lambda: {
            "PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
        }
    )
    command: list[str] = field(default_factory=list)
    entry: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)


def steps(text: str) -> list[tuple[str, str]]:
    """(instruction, rest) for each step, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


def run(stage: Stage, *arguments: str, user: str = "0") -> str:
    """A command in the stage's root; what it printed. Ends the program when it fails."""
    passed = {k: v for k, v in os.environ.items() if k.startswith(PASSED)}
    setpriv = (
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user != "0" else []
    )
    done = subprocess.run(
        [
            "chroot",
            stage.root,
            *setpriv,
            "/bin/sh",
            "-c",
            'cd "$0" && exec "$@"',
            stage.work,
            *arguments,
        ],
        env={**passed, **stage.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{arguments}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def prove(base: Path, folder: Path) -> Stage:
    """Do all steps; the last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(base)
    for what, rest in steps((SOURCE / "Dockerfile").read_text(encoding="utf-8")):
        print(f"{what} {rest[:90]}", flush=True)
        if what == "FROM":
            name = rest.rpartition(" AS ")[2] if " AS " in rest else "final"
            stage = stages[name] = Stage(folder / name)
            subprocess.run(["cp", "-a", base, stage.root], check=True)
            shutil.copy("/etc/resolv.conf", stage.root / "etc/resolv.conf")
            for own in ("/etc/pip.conf", os.environ.get("PIP_CERT", "")):
                if own and Path(own).is_file():
                    (stage.root / own.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(own, stage.root / own.lstrip("/"))
            (stage.root / "usr/bin/python").symlink_to("python3")
            stand_in = stage.root / "usr/local/bin/pip"
            stand_in.write_text('#!/bin/sh\nexec rm "$0"\n')
            stand_in.chmod(0o755)
        elif what == "WORKDIR":
            stage.work = rest
            (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif what == "COPY":
            *sources, target = rest.split()
            origin = SOURCE
            if sources[0].startswith("--from="):
                origin = stages[sources.pop(0).removeprefix("--from=")].root
            copy(origin, sources, stage.root / (Path(stage.work) / target).as_posix().lstrip("/"))
        elif what == "RUN":
            run(stage, "/bin/sh", "-c", rest)
        elif what == "ENV":
            for name, value in re.findall(r"(\w+)=(\S+)", rest):
                stage.environ[name] = value.replace("$PATH", stage.environ["PATH"])
        elif what == "USER":
            stage.user = rest
        elif what == "VOLUME":
            stage.volumes = json.loads(rest)
        elif what in {"ENTRYPOINT", "CMD"}:
            setattr(stage, "entry" if what == "ENTRYPOINT" else "command", json.loads(rest))
    return stage


def copy(origin: Path, sources: list[str], target: Path) -> None:
    """COPY: a folder's content into the target, or files under it."""
    for source in sources:
        path = origin / source.lstrip("/")
        if path.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(
                path,
                target,
                symlinks=True,
                dirs_exist_ok=True,
                ignore=None if origin != SOURCE else ignore,
            )
        else:
            into = target / path.name if target.is_dir() or len(sources) > 1 else target
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, into)


def start(stage: Stage) -> None:
    """Start it as a container would: as its user, on a read-only root."""
    writable = [*stage.volumes, "/tmp"]
    kept = {v: (stage.root / v.lstrip("/")).stat() for v in stage.volumes}
    subprocess.run(["mount", "--bind", stage.root, stage.root], check=True)
    try:
        for place in writable:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", f"{stage.root}{place}"], check=True)
            found = kept.get(place)
            if found:
                os.chown(f"{stage.root}{place}", found.st_uid, found.st_gid)
        subprocess.run(["mount", "-o", "remount,bind,ro", stage.root], check=True)
        for arguments in (
            ["init", "."],
            ["check"],
            ["demo", "--dir", "/reports/demo"],
            ["db", "check"],
            ["db", "backup"],
        ):
            said = run(stage, *stage.entry, *arguments, user=stage.user)
            print(f"  monitor {' '.join(arguments)}: {said.strip().splitlines()[-1]}")
        refused = run(stage, "/bin/sh", "-c", "! touch /opt/monitor/x 2>&1", user=stage.user)
        print(f"  the root file system: {refused.strip()}")
        print(f"  extras: {run(stage, 'python', '-c', EXTRAS, user=stage.user).strip()}")
        tools = run(stage, "/bin/sh", "-c", "ls /opt/monitor/bin; which gcc make pip || true")
        assert not {
            "pip",
            "/usr/local/bin/pip",
            "/usr/bin/gcc",
            "/usr/bin/make",
            "hatchling",
        } & set(tools.split()), tools
        size = subprocess.run(
            ["du", "-sm", stage.root / "opt"], capture_output=True, text=True, check=True
        )
        print(f"  /opt/monitor: {size.stdout.split()[0]} MB")
    finally:
        for place in writable:
            subprocess.run(["umount", "-l", f"{stage.root}{place}"], check=False)
        subprocess.run(["umount", "-l", stage.root], check=False)


EXTRAS = (
    "import psycopg, procrastinate, starlette, uvicorn, prometheus_client, dkim; print('all there')"
)


if __name__ == "__main__":
    root = Path(sys.argv[1]).absolute()
    where = root.with_name(root.name + "-stages")
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    start(prove(root, where))
    print("proven")
