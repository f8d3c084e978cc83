"""`/docs`: the operations on one page that needs no network and no script."""

from html import escape

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from app.core.json import JsonObject

router = APIRouter()

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h2{margin-top:2.5rem;text-transform:capitalize}section{border-top:1px solid #d0d7de;padding:.7rem 0}
code{font:14px ui-monospace,monospace}.m{display:inline-block;min-width:4.5rem;font-weight:700}
table{border-collapse:collapse;margin:.4rem 0}td{padding:.1rem 1rem .1rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}section{border-color:#30363d}a{color:#58a6ff}}
"""
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def _rows(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td><code>{escape(a)}</code></td><td>{escape(b)}</td></tr>" for a, b in rows)
    return f"<table>{cells}</table>" if rows else ""


def _operation(path: str, method: str, operation: JsonObject) -> str:
    parameters = [(p["name"], p.get("description", "")) for p in operation.get("parameters", [])]
    responses = [(status, r.get("description", "")) for status, r in operation["responses"].items()]
    return (
        f'<section id="{escape(operation["operationId"])}"><span class="m">{method.upper()}</span>'
        f"<code>{escape(path)}</code><p>{escape(operation.get('summary', ''))}</p>"
        f"<p>{escape(operation.get('description', ''))}</p>"
        f"<details><summary>Parameters and answers</summary>{_rows(parameters)}{_rows(responses)}</details></section>"
    )


def render(document: JsonObject) -> str:
    """Return the page for an OpenAPI document."""
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tag = (operation.get("tags") or ["service"])[0]
            by_tag.setdefault(tag, []).append(_operation(path, method, operation))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(parts)}" for tag, parts in by_tag.items())
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        f"<p>{escape(document['info'].get('summary', ''))}</p>"
        f'<p>The whole contract: <a href="/openapi.json">openapi.json</a>.</p>{body}</body></html>'
    )


@router.get("/docs", include_in_schema=False)
async def show_docs(request: Request) -> HTMLResponse:
    """The operations, for people."""
    app: FastAPI = request.app
    return HTMLResponse(render(app.openapi()), headers=_HEADERS)
