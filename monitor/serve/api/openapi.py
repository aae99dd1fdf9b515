"""The OpenAPI 3.1 description, made from the types of the answers and of the queries. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from monitor import __version__
from monitor.serve.api import models, query
from monitor.serve.api.problems import MEDIA_TYPE

_REF: Final = "#/components/schemas/{model}"
_ID: Final = "^[a-z0-9][a-z0-9_-]{0,63}$"
_JSON: Final = "application/json"
_REFUSALS: Final = {
    400: "Parameters that cannot be used",
    404: "There is no such thing",
    405: "Only GET and HEAD are answered",
    429: "Too many requests; Retry-After says when to come back",
    503: "The database does not answer",
}
_ALWAYS: Final = (400, 405, 429, 503)


@dataclass(frozen=True)
class _Path:
    """An address: what it answers, its query, and the parameter in its path."""

    path: str
    summary: str
    answer: type[BaseModel]
    query: type[BaseModel] = query.NoQuery
    parameter: tuple[str, str, dict[str, Any]] | None = None


_PATHS: Final = (
    _Path(
        "/papers",
        "Papers by filter, newest Create Date first, a page at a time",
        models.PaperPage,
        query.PapersQuery,
    ),
    _Path(
        "/papers/{pmid}",
        "One paper with all its labels and their passages",
        models.PaperAnswer,
        parameter=(
            "pmid",
            "PMID, or doi:10.… for a paper that PubMed does not hold",
            {"type": "string", "pattern": r"^([1-9][0-9]{0,8}|doi:10\..+)$"},
        ),
    ),
    _Path("/claims", "All claims and mechanisms", models.ClaimList, query.AsOfQuery),
    _Path(
        "/claims/{id}",
        "One claim or mechanism with its papers and its history",
        models.ClaimDetail,
        query.AsOfQuery,
        parameter=("id", "Id of a claim or mechanism", {"type": "string", "pattern": _ID}),
    ),
    _Path("/issues", "All issues of the digest, newest first", models.IssueList),
    _Path(
        "/issues/{number}",
        "One issue as it was frozen",
        models.IssueAnswer,
        parameter=("number", "Number of the issue", {"type": "integer", "minimum": 1}),
    ),
)


@cache
def describe() -> dict[str, Any]:
    """The description, as JSON."""
    kinds: set[type[BaseModel]] = {p.answer for p in _PATHS} | {models.Problem}
    _, definitions = models_json_schema(
        [(kind, "serialization") for kind in sorted(kinds, key=lambda k: k.__name__)],
        ref_template=_REF,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Evidence monitor",
            "version": __version__,
            "description": "What papers on low-dose naltrexone and ME/CFS report, with the "
            "passage behind each label. Read-only; answers carry an ETag. Not medical advice.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [],
        "paths": {p.path: {"get": _operation(p)} for p in _PATHS},
        "components": {"schemas": definitions["$defs"]},
    }


def _operation(path: _Path) -> dict[str, Any]:
    names = [part.strip("{}") for part in path.path.split("/") if part]
    codes = (*_ALWAYS, 404) if path.parameter else _ALWAYS
    responses: dict[str, Any] = {
        "200": {
            "description": path.summary,
            "headers": {
                "ETag": {"schema": {"type": "string"}},
                "Last-Modified": {"schema": {"type": "string"}},
            },
            "content": {_JSON: {"schema": {"$ref": _REF.format(model=path.answer.__name__)}}},
        },
        "304": {"description": "Nothing has changed since the validators that were sent"},
    }
    problem = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    for code in sorted(codes):
        responses[str(code)] = {"description": _REFUSALS[code], "content": problem}
    return {
        "operationId": "_".join(["get", *names]),
        "summary": path.summary,
        "parameters": [*_path_parameter(path), *_query_parameters(path.query)],
        "responses": responses,
    }


def _path_parameter(path: _Path) -> list[dict[str, Any]]:
    if path.parameter is None:
        return []
    name, description, schema = path.parameter
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": schema,
        }
    ]


def _query_parameters(kind: type[BaseModel]) -> list[dict[str, Any]]:
    schema = kind.model_json_schema(ref_template=_REF)
    inner = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "description": value.get("description", ""),
            "schema": _plain(value, inner),
        }
        for name, value in schema.get("properties", {}).items()
    ]


def _plain(value: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """The schema of one parameter: what is optional may be left out, but is never null."""
    bounds = {
        k: v for k, v in value.items() if k not in {"anyOf", "title", "description", "default"}
    }
    choices = [c for c in value.get("anyOf", ()) if c != {"type": "null"}]
    for choice in choices:
        name = str(choice.get("$ref", "")).rpartition("/")[2]
        bounds |= inner[name] if name else choice
    if value.get("default") is not None:
        bounds["default"] = value["default"]
    return {k: v for k, v in bounds.items() if k not in {"title", "description"}}
