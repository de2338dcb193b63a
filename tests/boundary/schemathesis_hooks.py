"""What Schemathesis cannot know from a document, and a client does.

- An e-mail address may be taken: a schema cannot say "one nobody else has". Each is made new, its length kept.
- A cursor comes from an answer. Where one is to be sent, the page before it is asked for, and its cursor taken.
- A group of filters has a grammar of its own, which the schema names and does not spell.

No check is left out and no answer is touched.
"""

import itertools
import json
import urllib.parse
import urllib.request
from typing import Any

import schemathesis
from hypothesis import strategies as st

_numbers = itertools.count(1)
_CURSORS = ("after", "cursor")

schemathesis.openapi.format(
    "filters",
    st.sampled_from(["(id=1)", "(id__gte=1,id__is_null=true)", "(and(id__gt=1,id__lt=9),created_at__is_null=false)"]),
)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Finish a request that is meant to be valid."""
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.body, dict) and case.path.startswith("/users"):
        _make_new(case.body)
    if case.query and any(name in case.query for name in _CURSORS):
        _take_cursor(case)


def _make_new(body: dict[str, Any]) -> None:
    local, at, domain = str(body.get("email", "")).partition("@")
    if at:
        number = f"{next(_numbers):x}."
        kept = max(0, 255 - len(number) - len(domain) - 1)
        spare = domain if kept else f"{domain[-3:]}"
        body["email"] = f"{number}{local[:kept]}@{spare}"


def _take_cursor(case: Any) -> None:
    query = {name: value for name, value in case.query.items() if name not in (*_CURSORS, "page", "limit")}
    asked = urllib.parse.urlencode({**query, "pagination": "cursor", "limit": 1})
    base = case.operation.base_url.rstrip("/")
    with urllib.request.urlopen(f"{base}{case.formatted_path}?{asked}", timeout=10) as answer:
        cursor = json.load(answer)["next_cursor"]
    for name in _CURSORS:
        case.query.pop(name, None)
    if cursor is not None:
        case.query["after"] = cursor
