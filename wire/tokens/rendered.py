"""Tools and schemas as the text that models read, which is what they cost.

OpenAI publishes the form for gpt-oss (the harmony format); the recorded counts of the API fit it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

_TOOLS: Final = (
    "# Tools\n\n## functions\n\nnamespace functions {{\n\n{0}\n\n}} // namespace functions"
)
_UNSEEN: Final = frozenset({"additionalProperties", "required"})
_NAMED: Final = ("properties", "$defs")
# Schemas that use nothing else were counted to the token wherever they were recorded.
_SCHEMA_WORDS: Final = _UNSEEN | {
    "type", "properties", "items", "description", "title", "enum", "anyOf", "$defs", "$ref",
}  # fmt: skip
_TOOL_WORDS: Final = _UNSEEN | {"type", "properties", "items", "description", "enum", "strict"}


def schema_text(form: Mapping[str, Any]) -> str:
    """A `json_schema` response format (its name, description and schema) as models read it."""
    about = f"// {form['description']}\n" if form.get("description") else ""
    schema = json.dumps(_seen(form.get("schema")), separators=(",", ":"), ensure_ascii=False)
    return f"# Response Formats\n\n## {form.get('name')}\n\n{about}{schema}"


def plain_schema(form: Mapping[str, Any]) -> bool:
    """Whether the schema uses only words whose cost is known to the token."""
    return isinstance(form.get("schema"), dict) and _only(form["schema"], _SCHEMA_WORDS)


def tools_text(functions: Iterable[Mapping[str, Any]]) -> str:
    """Function tools as models read them: a TypeScript namespace."""
    return _TOOLS.format("\n\n".join(_function(function) for function in functions))


def plain_tools(functions: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the tools use only words whose cost is known to the token."""
    for function in functions:
        parameters = function.get("parameters") or {}
        if (
            not isinstance(parameters, dict)
            or parameters.get("description")
            or not _flat(parameters)
            or not function.get("description")
            or "\n" in function["description"]
        ):
            return False
    return True


def _seen(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: {name: _seen(inner) for name, inner in value.items()}
            if key in _NAMED and isinstance(value, dict)
            else _seen(value)
            for key, value in schema.items()
            if key not in _UNSEEN
        }
    return [_seen(one) for one in schema] if isinstance(schema, list) else schema


def _only(schema: Any, words: frozenset[str]) -> bool:
    if isinstance(schema, dict):
        return all(
            key in words
            and (
                all(_only(inner, words) for inner in value.values())
                if key in _NAMED and isinstance(value, dict)
                else _only(value, words)
            )
            for key, value in schema.items()
        )
    return not isinstance(schema, list) or all(_only(one, words) for one in schema)


def _flat(parameters: dict[str, Any]) -> bool:
    """Parameters of simple types: objects inside of objects are written in a way nobody published."""
    properties = parameters.get("properties") or {}
    return (
        isinstance(properties, dict)
        and set(parameters) <= _TOOL_WORDS
        and all(
            isinstance(each, dict)
            and set(each) <= {"type", "description", "enum"}
            and each.get("type") in ("string", "number", "integer", "boolean")
            and "\n" not in str(each.get("description", ""))
            for each in properties.values()
        )
    )


def _function(function: Mapping[str, Any]) -> str:
    about = function.get("description")
    lines = [f"// {line}" for line in about.split("\n")] if isinstance(about, str) and about else []
    parameters = function.get("parameters")
    inner = _object(parameters) if isinstance(parameters, dict) else ""
    lines.append(f"type {function.get('name')} = ({f'_: {inner}' if inner else ''}) => any;")
    return "\n".join(lines)


def _object(schema: dict[str, Any]) -> str:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return ""
    required = schema.get("required")
    asked = required if isinstance(required, list) else []
    fields = [
        (each.get("description") if isinstance(each, dict) else None, f"{name}{'' if name in asked else '?'}: {_type(each)}")
        for name, each in properties.items()
    ]  # fmt: skip
    if not any(about for about, _ in fields):
        return "{ " + ", ".join(field for _, field in fields) + " }"
    lines: list[str] = []
    for about, field in fields:
        lines += [f"// {line}" for line in about.split("\n")] if isinstance(about, str) else []
        lines.append(f"{field},")
    return "{\n" + "\n".join(lines) + "\n}"


def _type(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "any"
    if isinstance(schema.get("enum"), list):
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if isinstance(schema.get("anyOf"), list):
        return " | ".join(_type(one) for one in schema["anyOf"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": one}) for one in kind)
    if kind in ("number", "integer"):
        return "number"
    if kind == "array":
        return f"{_type(schema['items'])}[]" if schema.get("items") else "any[]"
    if kind == "object":
        return _object(schema) or "object"
    return kind if isinstance(kind, str) else "any"
