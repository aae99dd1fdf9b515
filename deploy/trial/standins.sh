#!/bin/sh
# Makes images that stand in for those of compose.yaml and the Dockerfile, where no registry can be
# reached: from Debian's packages and PyPI, under the names that are asked for. As root:
#
#   debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates bookworm ROOT
#   deploy/trial/standins.sh ROOT
#
# What they leave out: everything of the real ones that the trial does not use.
set -eu
root=$1
here=$(dirname "$0")
docker=${DOCKER:-docker}

tar -c -C "$root" . | $docker import - standin-debian:bookworm

# The machine's certificates, for a pip that is asked from inside.
context=$(mktemp -d)
trap 'rm -r "$context"' EXIT
cp "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$context/ca.crt"
cp "$here/mails.py" "$here/postgres.sh" "$context"

# Python's own image has pip, setuptools and wheel beside Python, not from Debian.
$docker build -q -t python:3.11-slim-bookworm -f - "$context" <<'END'
FROM standin-debian:bookworm
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
RUN rm -f /usr/lib/python3.11/EXTERNALLY-MANAGED \
 && printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > /etc/pip.conf \
 && pip install -q --ignore-installed pip setuptools wheel \
 && apt-get purge -qq -y python3-pip python3-setuptools python3-wheel \
 && ln -s /usr/bin/python3 /usr/local/bin/python
END

$docker build -q -t postgres:15-bookworm -f - "$context" <<'END'
FROM standin-debian:bookworm
RUN useradd --system --uid 999 --home-dir /var/lib/postgresql postgres \
 && mkdir -p /etc/postgresql-common \
 && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf \
 && apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql-15
ENV PATH=/usr/lib/postgresql/15/bin:$PATH LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
COPY postgres.sh /
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "/postgres.sh"]
END

$docker build -q -t axllent/mailpit:v1.21 -f - "$context" <<'END'
FROM python:3.11-slim-bookworm
RUN pip install -q aiosmtpd
COPY mails.py /
CMD ["python", "-u", "/mails.py"]
END
