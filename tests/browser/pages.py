"""One page of every type in the demo's site."""

from __future__ import annotations

PAGES = (
    "index.html",
    "claims/index.html",
    "claims/case-94.html",
    "claims/griffith-study.html",
    "mechanisms/index.html",
    "mechanisms/coagulation.html",
    "claims/ldn-uses.html",
    "map.html",
    "map-table.html",
    "trials.html",
    "registered.html",
    "papers/index.html",
    "papers/36015078.html",
    "lists/topic-me-cfs.html",
    "lists/design-case-control.html",
    "issues/index.html",
    "issues/2.html",
    "methods.html",
    "excluded.html",
    "data.html",
    "404.html",
)
