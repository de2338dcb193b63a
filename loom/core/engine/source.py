"""Where a declared function is written, what its text is, and a hash of what it does.

The hash is taken over the syntax tree, not the text, so moving or reformatting a function leaves it alone. It includes
the constants and helper functions of the same package that the function names, one level of helper after another: a
rule that calls `_EMAIL_RE.fullmatch` changes when the pattern changes. A lambda shares its line with others, so it is
found by the exact columns its code object records.
"""

import ast
import hashlib
import inspect
import linecache
import re
import textwrap
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from loom.core.engine.plan import Source

_CONSTANTS = (str, bytes, int, float, complex, bool, type(None))
_HELPER_DEPTH = 4
_TEXT_LIMIT = 4000

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def digest(*parts: str) -> str:
    """Return 16 hex digits over `parts`, order significant."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def source_of(thing: Any) -> Source | None:
    """Return where a function, lambda or class is written; None for what has no Python source."""
    if isinstance(thing, type):
        return _class_source(thing)
    code = _code_of(thing)
    if code is None:
        return None
    node = _node_of(code)
    text = _segment(code, node) if node is not None else ""
    module = getattr(inspect.unwrap(thing), "__module__", "") or ""
    return Source(module=module, file=code.co_filename, line=code.co_firstlineno, code=text)


def behaviour(thing: Any) -> str:
    """Return a text that changes exactly when what `thing` does changes; see the module's essay."""
    return _behaviour(thing, _HELPER_DEPTH, frozenset())


def attribute_line(cls: type[Any], name: str) -> int:
    """Return the line where the class body assigns or defines `name`, else the class's own line."""
    source = source_of(cls)
    if source is None or not source.code:
        return source.line if source else 0
    try:
        body = ast.parse(source.code).body[0]
    except SyntaxError:
        return source.line
    for node in getattr(body, "body", ()):
        if name in _names_bound(node):
            return source.line + int(node.lineno) - 1
    return source.line


def short_lambda(source: Source | None) -> str:
    """Return the body of a lambda in one short line, for a label; "" where it is no lambda."""
    if source is None or not source.code.startswith("lambda"):
        return ""
    return " ".join(source.code.partition(":")[2].split())[:80]


def _names_bound(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {t.id for t in targets if isinstance(t, ast.Name)}


def _class_source(cls: type[Any]) -> Source | None:
    try:
        file = inspect.getsourcefile(cls) or ""
    except TypeError:
        return None
    lines = linecache.getlines(file)
    found = _classes_by_name("".join(lines)).get(cls.__qualname__)
    if found is None:
        return None
    first, last = found
    return Source(module=cls.__module__, file=file, line=first, code=textwrap.dedent("".join(lines[first - 1 : last])))


def _code_of(thing: Any) -> types.CodeType | None:
    code = getattr(inspect.unwrap(thing), "__code__", None) if callable(thing) else None
    return code if isinstance(code, types.CodeType) else None


def _node_of(code: types.CodeType) -> FunctionNode | None:
    nodes = _functions_by_line("".join(linecache.getlines(code.co_filename))).get(code.co_firstlineno, [])
    if code.co_name == "<lambda>":
        return _lambda_node(nodes, code)
    return next((n for n in nodes if getattr(n, "name", None) == code.co_name), None)


@lru_cache(maxsize=32)  # one file declares many functions; parsing it for each was most of a start
def _functions_by_line(text: str) -> dict[int, list[FunctionNode]]:
    """Return the functions and lambdas of a module's text by their first line; empty where it does not parse."""
    found: dict[int, list[FunctionNode]] = {}
    for node in ast.walk(_parsed(text)):
        if isinstance(node, FunctionNode):
            found.setdefault(_first_line(node), []).append(node)
    return found


@lru_cache(maxsize=32)
def _classes_by_name(text: str) -> dict[str, tuple[int, int]]:
    """Return first and last line of each class of a module's text by qualified name; the first of equal names."""
    found: dict[str, tuple[int, int]] = {}
    waiting: list[tuple[str, ast.AST]] = [("", _parsed(text))]
    while waiting:
        prefix, node = waiting.pop()
        name = prefix + (getattr(node, "name", None) or "")  # a handler or a pattern may have none
        if isinstance(node, ast.ClassDef):
            found.setdefault(name, (_first_line(node), node.end_lineno or node.lineno))
        inner = f"{name}." if isinstance(node, ast.ClassDef) else f"{name}.<locals>."
        scope = inner if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else prefix
        waiting.extend((scope, child) for child in reversed(list(ast.iter_child_nodes(node))))
    return found


@lru_cache(maxsize=4)
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def _first_line(node: ast.ClassDef | FunctionNode) -> int:
    """The line of the first decorator where there is one."""
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _lambda_node(nodes: list[FunctionNode], code: types.CodeType) -> FunctionNode | None:
    spots = [(p[0], p[2]) for p in code.co_positions() if p[0] is not None and p[2] is not None]
    spots = [s for s in spots if s != (code.co_firstlineno, 0)]  # RESUME claims column 0
    for node in nodes:
        if isinstance(node, ast.Lambda) and spots and _encloses(node.body, min(spots)):
            return node
    return nodes[0] if len(nodes) == 1 else None


def _encloses(node: ast.expr, spot: tuple[int, int]) -> bool:
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset) <= spot < end


def _segment(code: types.CodeType, node: FunctionNode) -> str:
    """The node's own text. (The standard library's way splits the whole file for every node.)"""
    lines = linecache.getlines(code.co_filename)[node.lineno - 1 : node.end_lineno]
    lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
    if isinstance(node, ast.Lambda):
        lines[0] = lines[0].encode()[node.col_offset :].decode()
    return textwrap.dedent("".join(lines))[:_TEXT_LIMIT]


def _behaviour(thing: Any, depth: int, seen: frozenset[int]) -> str:
    code = _code_of(thing)
    if code is None:
        return _constant(thing)
    node = _node_of(code)
    text = ast.dump(_without_docstring(node)) if node is not None else code.co_code.hex() + repr(code.co_names)
    if depth == 0 or id(code) in seen:
        return text
    named = _named_values(inspect.unwrap(thing), code)
    helpers = (f"{name}={_behaviour(value, depth - 1, seen | {id(code)})}" for name, value in named)
    return "\n".join([text, *helpers])


def _without_docstring(node: ast.AST) -> ast.AST:
    body = getattr(node, "body", None)
    if isinstance(body, list) and len(body) > 1 and isinstance(getattr(body[0], "value", None), ast.Constant):
        clone = type(node)(**{f: getattr(node, f) for f in node._fields if hasattr(node, f)})
        clone.body = body[1:]  # type: ignore[attr-defined]  # only function nodes have a list body here
        return clone
    return node


def _named_values(function: Any, code: types.CodeType) -> Iterator[tuple[str, Any]]:
    package = (getattr(function, "__module__", "") or "").partition(".")[0]
    cells = zip(code.co_freevars, getattr(function, "__closure__", None) or (), strict=False)
    scope: dict[str, Any] = {**function.__globals__, **{n: c.cell_contents for n, c in cells if _filled(c)}}
    for name in sorted({*_all_names(code), *code.co_freevars}):
        value = scope.get(name)
        own = (getattr(value, "__module__", "") or "").partition(".")[0] == package
        if (isinstance(value, types.FunctionType) and own) or (name in scope and _constant(value)):
            yield name, value


def _all_names(code: types.CodeType) -> set[str]:
    nested = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*(_all_names(c) for c in nested))


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises for a name not bound yet
    except ValueError:
        return False
    return True


def _constant(value: Any) -> str:
    """Return a canonical text of a plain constant, "" for anything that is not one."""
    if isinstance(value, Enum):
        return f"{type(value).__qualname__}.{value.name}"
    if isinstance(value, _CONSTANTS):
        return repr(value)[:_TEXT_LIMIT]
    if isinstance(value, re.Pattern):
        return f"re {value.pattern!r} {value.flags}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_constant(k)}:{_constant(v)}" for k, v in list(value.items())[:500]) + "}"
    if isinstance(value, set | frozenset):
        return "{" + ",".join(sorted(_constant(v) for v in value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_constant(v) for v in value[:500]) + "]"
    return ""
