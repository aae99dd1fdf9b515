FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/monitor \
 && /opt/monitor/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY requirements/build.txt requirements/build.txt
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY monitor monitor
COPY queries queries
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation -w /opt/wheel . \
 && /opt/monitor/bin/pip install --no-cache-dir --no-deps /opt/wheel/*.whl \
 && /opt/monitor/bin/python -m compileall -q /opt/monitor/lib \
 && /opt/monitor/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="evidence-monitor" \
      org.opencontainers.image.description="Watches PubMed and tracks claims: what the literature says, how strong it is, what changed." \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --home-dir /data --no-create-home monitor \
 && install -d -o monitor -g monitor -m 750 /data \
 && install -d -o monitor -g monitor /reports \
 && pip uninstall --yes pip setuptools wheel
COPY --from=build /opt/monitor /opt/monitor
ENV PATH=/opt/monitor/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    MONITOR_DATABASE_URL=sqlite:////data/monitor.db \
    MONITOR_OUTBOX_DIR=/data/outbox \
    MONITOR_BACKUP_DIR=/data/backups \
    MONITOR_REPORTS_DIR=/reports/site \
    MONITOR_LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME ["/data", "/reports"]
EXPOSE 8000
HEALTHCHECK --interval=10m --timeout=20s --start-period=30m CMD ["monitor", "status"]
ENTRYPOINT ["/bin/sh", "-c", "monitor db upgrade >&2 && exec monitor \"$@\"", "monitor"]
CMD ["run"]
