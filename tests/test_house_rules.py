"""The house rules that a machine can keep, each with the sin that it catches."""

import ast
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("marketplace", "listings", "settlement")
FOUNDATIONS = {"errors", "money", "clock", "ids", "states", "store"}
TOP_LEVEL = {
    *("marketplace", "listings", "settlement", "static", "templates", "tests"),
    *("README.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml"),
    *("requirements.lock", "requirements-dev.lock", "package.json"),
    *("package-lock.json", ".ci", ".gitignore"),
}
NOT_OURS = {
    ".git",
    ".venv",
    ".venv-peers",
    "var",
    "node_modules",
    "dist",
    "build",
    "__pycache__",
}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
OTHER_WORDS = {"customer", "wallet", "sku", "deal"}  # design §5: say member, account…
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplemented|lorem ipsum")
WORKPLACE = re.compile(r"(?i)(?<![\w.])/(work|tmp)/\w|\.\./shared")

FILE_MAX, FUNCTION_MAX = 400, 70
LONG: dict[str, str] = {}  # file → why it may be longer than FILE_MAX

# The core: what decides about money and rights; with all that it imports of ours.
CORE = (
    *("book", "orders", "market", "placing", "paying", "rights", "rules", "risk"),
    *("auction", "commands", "effects", "venue"),
)
CORE_IMPORTS = {
    *("abc", "bisect", "collections", "dataclasses", "enum", "functools", "hashlib"),
    *("heapq", "itertools", "json", "math", "operator", "re", "types", "typing"),
    "unicodedata",
}
# Waiting is measured in seconds; these touch no amounts, only threads and sockets.
WAITS = {"exchange", "gateway", "lease", "ticket", "wire", "feed", "socket", "standby"}
# Rates of statistics are floats by nature; so is the one conversion of time.
RATES = ("settlement/statistics/", "settlement/clock.py")

Rule = Callable[[str, ast.Module], Iterator[str]]


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the rooms: path from the root → syntax tree."""
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in paths
        if "migrations/versions" not in path.as_posix()
    }


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the full names that a module imports, as `package.module.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield what others may use: classes, functions, and methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
            yield node
            for part in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(part, ast.FunctionDef) and part.name[0] != "_":
                    yield part


def path_of(name: str) -> str | None:
    """Return the path of the module of ours that an imported *name* lies in."""
    for module in (name, name.rpartition(".")[0]):
        stem = module.replace(".", "/")
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in modules():
                return path
    return None


@cache
def core() -> frozenset[str]:
    """Return the paths of the core: CORE, the ledger, clearing, what these import."""
    todo = [f"marketplace/trading/{name}.py" for name in CORE]
    todo += ["settlement/ledger.py", "settlement/clearing.py"]
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        if path in modules() and path not in seen:
            seen.add(path)
            todo += [
                found for name in imports(modules()[path]) if (found := path_of(name))
            ]
    return frozenset(seen)


# ── the rules: each yields a sentence for every breach ──


def the_time_is_read_in_one_place(path: str, tree: ast.Module) -> Iterator[str]:
    readers = {"now", "utcnow", "today", "time", "time_ns", "monotonic"}
    readers |= {"monotonic_ns", "perf_counter", "perf_counter_ns"}
    if path == "settlement/clock.py":
        return
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name("time" | "datetime" | "date"), attr):
                if attr in readers:
                    yield f"{path}:{node.lineno} reads the time by {attr}"
            case ast.ImportFrom("time", names):
                for alias in names:
                    if alias.name in readers:
                        yield f"{path}:{node.lineno} imports {alias.name}"


def no_float_touches_money(path: str, tree: ast.Module) -> Iterator[str]:
    money = path.startswith(("settlement/", "marketplace/trading/"))
    if not money or path.startswith(RATES) or Path(path).stem in WAITS:
        return
    for node in ast.walk(tree):
        match node:
            case ast.Constant(float()) | ast.Name("float"):
                yield f"{path}:{node.lineno} has a float"
            case ast.BinOp(_, ast.Div()):
                yield f"{path}:{node.lineno} divides into a float"


def the_core_is_pure(path: str, tree: ast.Module) -> Iterator[str]:
    if path not in core():
        return
    for name in imports(tree):
        ours = path_of(name) is not None
        if (not ours and name.partition(".")[0] not in CORE_IMPORTS) or (
            name in {"settlement.clock", "settlement.store", "settlement.tables"}
        ):
            yield f"{path} is core and imports {name}"
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name("open" | "print" | "input" | "eval" | "exec")):
                yield f"{path}:{node.lineno} does input or output"


def listings_know_only_foundations(path: str, tree: ast.Module) -> Iterator[str]:
    if not path.startswith("listings/"):
        return
    for name in imports(tree):
        match name.split("."):
            case ["settlement", module, *_] if module not in FOUNDATIONS:
                yield f"{path} imports {name}"


def names_say_what_a_thing_is(path: str, tree: ast.Module) -> Iterator[str]:
    for part in Path(path).with_suffix("").parts:
        if part in NAMELESS:
            yield f"{path}: {part} is no name"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            words = set(re.findall(r"[A-Z]?[a-z]+", node.name))
            found = {word.lower() for word in words} & (OTHER_WORDS | NAMELESS)
            if found:
                yield f"{path}:{node.lineno} {node.name}: not one of our words"


def everything_says_what_it_is_for(path: str, tree: ast.Module) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield f"{path} has no docstring"
    for node in public(tree):
        if not ast.get_docstring(node) and not overloaded(node):
            yield f"{path}:{node.lineno} {node.name} has no docstring"


def overloaded(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether *node* says again what another definition documents."""
    return any(
        isinstance(mark, ast.Name) and mark.id in {"overload", "override"}
        for mark in node.decorator_list
    )


def everything_has_types(path: str, tree: ast.Module) -> Iterator[str]:
    for node in functions(tree):
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        given += [star for star in (node.args.vararg, node.args.kwarg) if star]
        bare = [a.arg for a in given if a.annotation is None]
        if node.returns is None or set(bare) - {"self", "cls"}:
            yield f"{path}:{node.lineno} {node.name} lacks types"


def a_function_fits_in_the_head(path: str, tree: ast.Module) -> Iterator[str]:
    for node in functions(tree):
        length = (node.end_lineno or 0) - node.lineno + 1
        if length > FUNCTION_MAX:
            yield f"{path}:{node.lineno} {node.name} has {length} lines"


def pages_are_by_key(path: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(_, "offset")):
                yield f"{path}:{node.lineno} pages by OFFSET"


# rule → where and how it is broken
RULES: dict[Rule, tuple[str, str]] = {
    the_time_is_read_in_one_place: ("listings/x.py", "import time\ntime.time()"),
    no_float_touches_money: ("settlement/fees.py", "fee = price * 0.025"),
    the_core_is_pure: ("marketplace/trading/book.py", "import random"),
    listings_know_only_foundations: ("listings/x.py", "from settlement import ledger"),
    names_say_what_a_thing_is: ("listings/x.py", "class OrderManager: ..."),
    everything_says_what_it_is_for: ("listings/x.py", "'''X.'''\ndef f() -> int: ..."),
    everything_has_types: ("listings/x.py", "def f(a): return a"),
    a_function_fits_in_the_head: ("listings/x.py", "def f():\n" + "    f()\n" * 70),
    pages_are_by_key: ("listings/x.py", "query.offset(100)"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rooms_keep_the_rule(rule):
    breaches = [s for path, tree in modules().items() for s in rule(path, tree)]
    assert breaches == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_would_notice_a_breach(rule):
    path, sin = RULES[rule]
    assert list(rule(path, ast.parse(sin)))


def test_the_core_is_found():
    assert {"settlement/ledger.py", "settlement/money.py"} <= core()
    assert "marketplace/trading/book.py" in core()


# ── rules about files ──


def texts(*folders: str, suffixes: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of our own files with one of the *suffixes*."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            parts = set(path.relative_to(ROOT).parts)
            if path.suffix in suffixes.split() and not parts & {*NOT_OURS, "vendor"}:
                yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def sources() -> Iterator[tuple[str, str]]:
    """Yield every text that we write: code, pages, tests, documents, tools."""
    folders = (*ROOMS, "templates", "static", "tests", ".ci")
    suffixes = ".py .html .css .js .sql .toml .md .txt .mako .mjs .json"
    yield from texts(*folders, suffixes=suffixes)
    for name in ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml"):
        yield name, (ROOT / name).read_text("utf-8")
    yield ".ci/run", (ROOT / ".ci/run").read_text("utf-8")


def test_a_file_fits_in_the_head():
    code = texts(*ROOMS, "tests", ".ci", suffixes=".py .sql .mjs")
    lengths = {
        path: text.count("\n") for path, text in code if "/versions/" not in path
    }
    assert {p: n for p, n in lengths.items() if n > FILE_MAX and p not in LONG} == {}


def test_nothing_is_left_for_later():
    here = "tests/test_house_rules.py"
    found = [
        f"{path}:{number} {line.strip()}"
        for path, text in sources()
        for number, line in enumerate(text.splitlines(), 1)
        if path != here and UNFINISHED.search(line)
    ]
    assert found == []


def test_the_text_stands_on_its_own():
    """No path or tool of one workplace: everything named is in this repository."""
    here = "tests/test_house_rules.py"
    found = [
        f"{path}:{number} {line.strip()}"
        for path, text in sources()
        for number, line in enumerate(text.splitlines(), 1)
        if path != here and WORKPLACE.search(line)
    ]
    assert found == []


def test_the_top_level_is_the_rooms_and_their_tools():
    caches = re.compile(r"\..*_cache|\.coverage.*|\.hypothesis|.*\.egg-info")
    found = {path.name for path in ROOT.iterdir() if not caches.fullmatch(path.name)}
    assert found - NOT_OURS <= TOP_LEVEL


def test_tests_mirror_the_packages():
    kinds = {"contracts", "flows", "properties", "simulation", "browser", "peers"}
    kinds |= {"speed", "quality", "vendor", "invariants", "crash", "race", *ROOMS}
    found = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert found - {"__pycache__"} <= kinds


@pytest.mark.parametrize("folder", ["static/vendor", "tests/vendor"])
def test_vendored_files_are_the_listed_ones_byte_for_byte(folder):
    listed = json.loads((ROOT / folder / "MANIFEST.json").read_text("utf-8"))
    paths = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    found = {
        path.relative_to(ROOT / folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in paths
        if path.name != "MANIFEST.json"
    }
    assert found == {name: facts["sha256"] for name, facts in listed.items()}


def pins(lock: str) -> set[str]:
    """Return what a lock file pins, as name==version; assert that each has hashes."""
    text = (ROOT / lock).read_text("utf-8")
    found = re.findall(r"^([\w.-]+(?:\[[^]]+\])?==[^ ;]+)(.*)$", text, re.MULTILINE)
    assert text.count("--hash=sha256:") >= len(found) > 0
    assert all(rest.rstrip().endswith("\\") for _, rest in found), lock
    return {pin for pin, _ in found}


def test_the_tests_run_on_what_is_shipped():
    assert pins("requirements.lock") < pins("requirements-dev.lock")


# What the strict content security policy would block, seen in a template's text.
INLINE = {
    "a script without nonce": re.compile(
        r"(?i)<script(?![^>]*\b(?:src|nonce)=)(?![^>]*application/json)"
    ),
    "a style without nonce": re.compile(r"(?i)<style(?![^>]*\bnonce=)"),
    "a style attribute": re.compile(r"(?i)<[a-z][^>{]*\sstyle\s*="),
    "an event attribute": re.compile(r"(?i)<[a-z][^>{]*\s(?:on[a-z]+|hx-on\S*)\s*="),
    "a script link": re.compile(r"(?i)(?:href|src|action)\s*=\s*[\"']\s*javascript:"),
    "a foreign host": re.compile(r"(?i)<(?:script|link|img|iframe)[^>]+https?://"),
}


def inline(text: str) -> list[str]:
    """Return what in a template's *text* the policy would block."""
    return [name for name, pattern in INLINE.items() if pattern.search(text)]


def test_pages_carry_no_inline_code():
    pages = texts("templates", suffixes=".html .xml .svg")
    assert {path: found for path, text in pages if (found := inline(text))} == {}


@pytest.mark.parametrize(
    "sin",
    [
        "<script>go()</script>",
        "<style>p{}</style>",
        "<p style='color:red'>",
        '<button onclick="go()">',
        "<a href='javascript:go()'>",
        "<script src='https://cdn.example/x.js'></script>",
    ],
)
def test_inline_code_would_be_noticed(sin):
    assert inline(sin)
