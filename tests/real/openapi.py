"""Holds answers against an OpenAPI document: the part of JSON Schema that src/api/openapi.json uses. A keyword
that is not known here is a mistake of the document."""

import json
import re

KNOWN = {"$ref", "type", "enum", "required", "properties", "additionalProperties", "items", "anyOf", "minimum", "format",
         "description"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
         "number": (int, float)}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


class Document:
    def __init__(self, text):
        self.root = json.loads(text)

    def resolve(self, node):
        while "$ref" in node:
            found = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def operations(self, tag):
        """(method, path, operation) of those with the tag."""
        for path, methods in self.root["paths"].items():
            for method, operation in methods.items():
                if tag in operation["tags"]:
                    yield method.upper(), path, operation

    def queries(self, operation):
        """Each query that is described, by itself, and none."""
        yield ""
        for parameter in map(self.resolve, operation.get("parameters", [])):
            if parameter["in"] == "query":
                for value in parameter["schema"].get("enum", ["2"]):
                    yield f"?{parameter['name']}={value}"

    def mistakes_of_answer(self, operation, status, content_type, body):
        response = operation["responses"].get(str(status))
        if response is None:
            return [f"status {status} is not described"]
        kind = content_type.split(";")[0]
        content = self.resolve(response)["content"].get(kind)
        if content is None:
            return [f"{kind} is not described for status {status}"]
        return list(self.mistakes(content["schema"], json.loads(body) if kind == "application/json" else body, "answer"))

    def mistakes(self, schema, value, at):
        schema = self.resolve(schema)
        assert not schema.keys() - KNOWN, f"{schema.keys() - KNOWN} is not known to this validator"
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(is_type(value, name) for name in types):
            yield f"{at}: {value!r} is no {' or '.join(types)}"
            return
        if "anyOf" in schema:
            tries = [list(self.mistakes(one, value, at)) for one in schema["anyOf"]]
            if all(tries):
                yield from min(tries, key=len)
        if "enum" in schema and value not in schema["enum"]:
            yield f"{at}: {value!r} is none of {schema['enum']}"
        if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
            yield f"{at}: {value} is below {schema['minimum']}"
        if schema.get("format") == "date-time" and isinstance(value, str):
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
                yield f"{at}: {value} is no time"
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.mistakes(schema.get("items", {}), item, f"{at}[{index}]")
        if isinstance(value, dict):
            for name in schema.get("required", []):
                if name not in value:
                    yield f"{at}: {name} is missing"
            for name, item in value.items():
                inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
                if inner is False:
                    yield f"{at}: {name} is not described"
                else:
                    yield from self.mistakes(inner, item, f"{at}.{name}")
