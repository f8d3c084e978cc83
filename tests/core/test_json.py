"""JSON documents: laid over one another, merged and compared."""

from app.core.json import JsonObject, json_patch, merged, overlay, value_at


def test_a_merge_patch_takes_away_what_is_null_at_any_depth() -> None:
    """The examples of RFC 7396 that concern objects."""
    base: JsonObject = {"title": "Goodbye!", "author": {"givenName": "John", "familyName": "Doe"}, "tags": ["a", "b"]}
    patch: JsonObject = {"title": "Hello!", "phone": "1", "author": {"familyName": None}, "tags": ["a"]}
    assert merged(base, patch) == {"title": "Hello!", "author": {"givenName": "John"}, "tags": ["a"], "phone": "1"}
    assert merged({"a": "b"}, {"a": {"bb": {"ccc": None}}}) == {"a": {"bb": {}}}
    assert base["author"] == {"givenName": "John", "familyName": "Doe"}


def test_the_difference_is_a_json_patch() -> None:
    before: JsonObject = {"a": 1, "b": {"c": [1], "d": 2}, "e/f": 1, "g~h": None}
    after: JsonObject = {"a": 1, "b": {"c": [1, 2], "x": {}}, "g~h": 3}
    assert json_patch(before, after) == [
        {"op": "replace", "path": "/b/c", "value": [1, 2]},
        {"op": "remove", "path": "/b/d"},
        {"op": "add", "path": "/b/x", "value": {}},
        {"op": "remove", "path": "/e~1f"},
        {"op": "replace", "path": "/g~0h", "value": 3},
    ]
    assert json_patch(after, after) == []


def test_what_is_laid_over_goes_before() -> None:
    assert overlay({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 3}, "d": [2]}) == {"a": {"b": 3, "c": 2}, "d": [2]}


def test_a_dotted_path_leads_to_a_value_or_nowhere() -> None:
    document: JsonObject = {"a": {"b": {"c": 1}}, "d": [1]}
    assert value_at(document, "a.b.c") == 1
    assert [value_at(document, path) for path in ("a.x", "a.b.c.e", "d.0", "")] == [None] * 4
