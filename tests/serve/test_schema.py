"""schemathesis: whatever the description allows or forbids, the service answers as described.

It runs in process, on the sample. Ids that exist are mixed in, or nearly all would be 404.
"""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema
from starlette.testclient import TestClient

from monitor.catalog import Catalog
from monitor.serve.api import openapi, query
from monitor.serve.context import Web
from monitor.settings import Settings
from monitor.store import Store, listing
from monitor.store.listing import Wanted
from tests.conftest import NOW
from tests.serve.conftest import ask

#: Above what the tests send, so that nothing is answered with 429 here.
MANY = 1_000_000


@pytest.fixture(scope="session")
def api(full_store: Store, catalog: Catalog) -> BaseSchema:
    limits = Settings(serve_rate=MANY)
    client = ask(Web(limits, full_store, catalog, now=lambda: NOW))
    found = listing.page(full_store, Wanted(), None, 3)
    known = {
        "pmid": [x.paper.article.pmid for x in found],
        "id": ["nk_cell", "griffith-study"],
        "number": [1],
    }
    cursor = query.cursor(found[0].place)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", client.app)

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: Any) -> Any:
        # Every other value that was made up is exchanged for one that exists.
        for name, value in (path_parameters or {}).items():
            if len(str(value)) % 2:
                path_parameters[name] = known[name][len(str(value)) % len(known[name])]
        return path_parameters

    @schema.hook
    def map_query(context: Any, query: Any) -> Any:
        # A cursor is what the service gave; made-up ones have a test of their own.
        given = (query or {}).get("cursor")
        if isinstance(given, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,400}", given):
            query["cursor"] = cursor
        return query

    return schema


PATHS = openapi.describe()["paths"]
CASES = [(path, GenerationMode.POSITIVE) for path in PATHS]
#: Where there is no parameter, none can be wrong.
CASES += [(p, GenerationMode.NEGATIVE) for p in PATHS if PATHS[p]["get"]["parameters"]]


@pytest.mark.parametrize(("path", "mode"), CASES)
def test_the_service_answers_as_it_is_described(
    api: BaseSchema, path: str, mode: GenerationMode
) -> None:
    operation = api[path]["GET"]

    @settings(
        max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate()

    check()


def test_the_description_is_openapi_and_each_reference_leads_somewhere() -> None:
    described = openapi.describe()
    assert described["openapi"].startswith("3.1")

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(v) for v in value.values()))
        if isinstance(value, list):
            return set().union(*(references(v) for v in value))
        return set()

    names = {r.rpartition("/")[2] for r in references(described)}
    assert names <= set(described["components"]["schemas"])
    for part in described["components"]["schemas"].values():
        whole = part | {"components": described["components"]}
        jsonschema_rs.meta.validate(whole)


def test_every_answer_of_the_sample_is_as_described(full: TestClient) -> None:
    described = openapi.describe()
    for path, name in (
        ("papers?limit=200", "PaperPage"),
        ("claims", "ClaimList"),
        ("claims/nk_cell", "ClaimDetail"),
        ("issues", "IssueList"),
        ("issues/1", "IssueAnswer"),
        ("nothing", "Problem"),
    ):
        found = full.get(f"/api/v1/{path}").json()
        part = described["components"]["schemas"][name]
        jsonschema_rs.validate(part | {"components": described["components"]}, found)
