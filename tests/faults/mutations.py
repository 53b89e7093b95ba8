"""Small wrongs in the code of functions: each mutant is one of them, in one function of one module.

Comparisons, and/or, not, plus and minus, true and false and numbers are turned; conditions are made true and false;
statements, raises and returns are taken out. Not touched: tables and constants of a module, texts, defaults of
arguments, decorators, annotations.
"""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATIONS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
}
# Calls that only tell: what a log says is proved by no test, and need not be.
_TELLING = ("logger.",)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Edit = tuple[str, ast.AST | None]


@dataclass(frozen=True)
class Mutant:
    """`function` is its qualified name; `what` tells the wrong: "line 12: x == y -> x != y"."""

    path: Path
    function: str
    what: str
    code: CodeType


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module's functions, in the order of its lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, function in _functions(tree):
        for place, node in enumerate(_walked(function)):
            for number, (what, _made) in enumerate(_edits(node)):
                code = _compiled(tree, path, name, place, number)
                if code is not None:
                    yield Mutant(path, name, f"line {getattr(node, 'lineno', 0)}: {what}", code)


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Functions and methods that a module's names lead to; those inside others belong to them."""
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function):
                    yield f"{node.name}.{inner.name}", inner


def _walked(function: Function) -> list[ast.AST]:
    """What stands in the body, always in the same order; not its types, which nothing looks at while it runs."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    kinds = [getattr(node, name, None) for node in nodes for name in ("annotation", "returns")]
    types = {id(node) for kind in kinds if kind is not None for node in ast.walk(kind)}
    return [node for node in nodes if id(node) not in types]


def _edits(node: ast.AST) -> Iterator[Edit]:
    """What may be put in the node's place; None takes a statement out."""
    if isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield from _conditions(node)
    elif isinstance(node, ast.stmt):
        yield from _statements(node)
    else:
        yield from _operators(node)


def _operators(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            made = deepcopy(node)
            made.ops[place] = _COMPARISONS[type(operator)]()
            yield _told(node, made)
    elif isinstance(node, ast.BoolOp):
        yield _told(node, ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _told(node, node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        yield _told(node, ast.BinOp(node.left, _OPERATIONS[type(node.op)](), node.right))


def _constants(node: ast.Constant) -> Iterator[Edit]:
    if isinstance(node.value, bool):
        yield _told(node, ast.Constant(not node.value))
    elif isinstance(node.value, int | float):
        yield _told(node, ast.Constant(node.value + 1))


def _conditions(node: ast.If | ast.IfExp | ast.While) -> Iterator[Edit]:
    for value in (True, False):
        if isinstance(node, ast.While) and value:
            continue
        made = deepcopy(node)
        made.test = ast.Constant(value)
        yield f"if {ast.unparse(node.test)} -> {value}", made


def _statements(node: ast.stmt) -> Iterator[Edit]:
    text = ast.unparse(node)
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not text.startswith(_TELLING)
    is_write = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    if is_call or is_write or isinstance(node, ast.Raise | ast.AugAssign | ast.Delete | ast.Continue | ast.Break):
        yield f"{text[:100]} -> taken out", None
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield f"{text[:100]} -> return None", ast.Return(ast.Constant(None))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _told(node: ast.expr, made: ast.expr) -> Edit:
    return f"{ast.unparse(node)[:100]} -> {ast.unparse(made)[:100]}", made


def _compiled(tree: ast.Module, path: Path, name: str, place: int, number: int) -> CodeType | None:
    """The code of the function with that edit in it; None where Python refuses it."""
    mutated = deepcopy(tree)
    function = dict(_functions(mutated))[name]
    target = _walked(function)[place]
    made = list(_edits(target))[number][1]
    _Put(target, made if made is not None else ast.Pass()).visit(function)
    ast.fix_missing_locations(mutated)
    try:
        module = compile(mutated, str(path), "exec")
    except (SyntaxError, ValueError):
        return None
    return next(code for code in codes(module) if code.co_qualname == name)


class _Put(ast.NodeTransformer):
    """Puts one node in another's place."""

    def __init__(self, target: ast.AST, made: ast.AST) -> None:
        self.target, self.made = target, ast.copy_location(made, target)

    def visit(self, node: ast.AST) -> ast.AST:
        return self.made if node is self.target else self.generic_visit(node)


def codes(module: CodeType) -> Iterator[CodeType]:
    """The code of a module's functions and of its classes' methods."""
    for constant in module.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes(constant)
