"""Through Debian's postfix, over STARTTLS, into Maildirs: what a reader's mailbox gets.

An instance of its own: own configuration, queue and port, on loopback, and no way out but to the
Maildirs. It needs root, as postfix does.
"""

from __future__ import annotations

import email
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.catalog import Catalog
from monitor.digest import mail, stage
from monitor.digest.delivery import Mailer
from monitor.digest.transport import Outcome
from monitor.model import DeliveryState, Subscriber
from monitor.settings import Settings, SmtpSecurity
from monitor.store import Store, issues, subscribers
from tests.conftest import NOW
from tests.digest.made import issue, item

POSTFIX = shutil.which("postfix", path="/usr/sbin:/usr/bin:/sbin:/bin")
pytestmark = pytest.mark.skipif(
    (POSTFIX is None or os.geteuid() != 0) and "CI" not in os.environ,
    reason="needs postfix, and root to start it",
)
READERS = 12

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.org
mynetworks = 127.0.0.0/8
mydestination =
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/boxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_received_header = yes
smtp_dns_support_level = disabled
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """A running instance. `folder` holds all of it, and cert.pem is what it shows."""

    folder: Path
    port: int

    def mailbox(self, name: str, count: int = 1) -> list[bytes]:
        """The mails of a mailbox, once there are `count`."""
        folder = self.folder / "mail" / name / "new"
        for _ in range(300):
            found = sorted(folder.glob("*")) if folder.is_dir() else []
            if len(found) >= count:
                return [path.read_bytes() for path in found]
            time.sleep(0.1)
        raise AssertionError(f"nothing for {name}:\n{(self.folder / 'log').read_text()}")


@pytest.fixture(scope="module")
def postfix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    assert POSTFIX is not None
    # Not below pytest's folder: only root may look into that.
    folder = Path("/tmp") / f"monitor-postfix-{os.getpid()}"
    folder.mkdir(mode=0o755)
    owner = pwd.getpwnam("nobody")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("queue", "data", "mail", "config"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    boxes = (f"r{n}" for n in (*range(READERS), 777))
    (folder / "boxes").write_text("".join(f"{b}@example.org {b}/\n" for b in boxes))
    values = {"folder": folder, "port": port, "uid": owner.pw_uid, "gid": owner.pw_gid}
    (folder / "config" / "main.cf").write_text(MAIN.format(**values))
    (folder / "config" / "master.cf").write_text(MASTER.format(**values))
    subprocess.run(
        (
            *"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(),
            *"-addext subjectAltName=DNS:localhost -keyout".split(),
            folder / "key.pem",
            "-out",
            folder / "cert.pem",
        ),
        check=True,
        capture_output=True,
    )
    command = [POSTFIX, "-c", folder / "config"]
    try:
        started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)
        log = folder / "log"
        assert started.returncode == 0, started.stderr + (log.read_text() if log.exists() else "")
        _wait_for(port)
        yield Postfix(folder, port)
    finally:
        subprocess.run([*command, "stop"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("postfix does not answer")


@pytest.fixture
def settings(postfix: Postfix, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SSL_CERT_FILE", str(postfix.folder / "cert.pem"))
    return Settings.model_validate(
        {
            "smtp_host": "localhost",
            "smtp_port": postfix.port,
            "smtp_security": SmtpSecurity.STARTTLS,
            "smtp_rate": 1_000_000,
            "mail_from": "Überblick, täglich <m@example.org>",
            "site_url": "https://a-rather-long-name.example.org/low-dose-naltrexone/",
            "secret_key": SecretStr("0123456789abcdef"),
            "subscribe_link": True,
        }
    )


def test_an_issue_arrives_whole_in_every_mailbox(
    postfix: Postfix, store: Store, catalog: Catalog, settings: Settings
) -> None:
    for number in range(READERS):
        choices = {"text_only": number % 4 == 3, "locale": ("en", "fi")[number % 2]}
        reader = Subscriber(0, f"r{number}@example.org", NOW, **choices)  # type: ignore[arg-type]
        subscribers.add(store, reader)
    subscribers.add(store, Subscriber(0, "gone@example.org", NOW))
    subscribers.add(store, Subscriber(0, "out@example.net", NOW))
    long = "Ναλτρεξόνη “μικρής δόσης” " * 12
    papers = tuple(item(str(n), title=long, passage=long + "\n.\nFrom here") for n in range(30))
    made = issue(number=1, papers=papers)
    pending = [
        (r.id, mail.message_id(1, NOW, r.id, "example.org")) for r in subscribers.everyone(store)
    ]
    assert issues.create(store, made, [], pending)
    done = stage.deliver(store, catalog, settings, lambda: NOW)
    assert done == {Outcome.SENT: READERS, Outcome.REFUSED: 1, Outcome.REJECTED: 1}
    mailer = Mailer(store, catalog, settings)
    for reader in subscribers.everyone(store):
        delivery = issues.of_reader(store, 1, reader.id)
        assert delivery is not None
        if not reader.email.startswith("r"):
            assert delivery.state is DeliveryState.FAILED
            assert reader.email not in delivery.error
            continue
        (arrived,) = postfix.mailbox(reader.email.partition("@")[0])
        _, sent = mailer.mail(delivery)
        # Postfix puts its own lines above; all of ours, and the body, are as they were.
        assert arrived.endswith(sent.replace(b"\r\n", b"\n"))
        parsed = email.message_from_bytes(arrived, policy=policy.default)
        assert not parsed.defects
        assert parsed["Message-ID"] == delivery.message_id
        assert parsed["From"].addresses[0].display_name == "Überblick, täglich"
        assert re.search(rb"\nList-Unsubscribe: <https://[!-~]+>\n", arrived)
        assert b"(using TLSv1" in arrived


def test_the_confirmation_arrives_too(postfix: Postfix, settings: Settings) -> None:
    stage.ask_to_confirm(settings, Subscriber(0, "r777@example.org", NOW), NOW)
    (arrived,) = postfix.mailbox("r777")
    assert settings.site_url.encode() in arrived.replace(b"=\n", b"")
