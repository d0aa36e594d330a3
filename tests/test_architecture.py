"""The import arrows of the repository, read from the source; nothing of ours is imported here."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
JAIL = REPOSITORY / "worker" / "crossjudge" / "worker" / "jail"

MAY_IMPORT = {
    "contracts": set[str](),
    "client": {"contracts"},
    "service": {"contracts"},
    "worker": {"contracts"},
    "trainer": {"contracts", "client"},
}

# What the worker mounts for one of the jail's modules: tests of kind `pytest` run under pytest itself, and arrays are
# made by numpy, imported where one has been met.
MOUNTED = {"pytests.py": {"pytest"}, "plain.py": {"numpy"}}


def modules_of(package: str) -> list[Path]:
    return sorted((REPOSITORY / package / "crossjudge" / package).rglob("*.py"))


def imports_of(module: Path) -> Iterator[str]:
    """Dotted names of what a module imports, wherever in it; relative ones start with their dots."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"), str(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots, module_name = "." * node.level, node.module or ""
            # `from crossjudge import worker` and `from . import jail` name what they import in their list.
            if module_name in ("", "crossjudge"):
                yield from (dots + ".".join(filter(None, (module_name, alias.name))) for alias in node.names)
            else:
                yield dots + module_name


def packages_of_ours(module: Path, package: str) -> Iterator[str]:
    """Which of our packages a module imports, its own among them; `*` for the bare namespace."""
    depth = len(module.relative_to(REPOSITORY / package / "crossjudge" / package).parts)
    for name in imports_of(module):
        dots = len(name) - len(name.lstrip("."))
        assert dots <= depth, f"{module}: {name!r} climbs out of its package"
        parts = name.split(".")
        if parts[0] == "crossjudge":
            yield parts[1] if len(parts) > 1 else "*"


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_those_below_it(package: str) -> None:
    modules = modules_of(package)
    assert modules, f"no source of {package} found"
    allowed = MAY_IMPORT[package] | {package}
    wrong = [(str(m), p) for m in modules for p in packages_of_ours(m, package) if p not in allowed]
    assert not wrong


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_the_namespace_has_no_init_file(package: str) -> None:
    namespace = REPOSITORY / package / "crossjudge"
    assert namespace.is_dir()
    assert not (namespace / "__init__.py").exists(), "it would hide the other four portions of crossjudge"
    assert sorted(p.name for p in namespace.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()) == [package]


def test_what_runs_inside_the_jail_is_standard_library_only() -> None:
    modules = sorted(JAIL.glob("**/*.py"))
    assert modules, f"no jail modules at {JAIL}"
    siblings = {m.stem for m in modules} | {m.parent.name for m in modules}
    wrong = []
    for module in modules:
        for name in imports_of(module):
            top = name.lstrip(".").split(".")[0]
            if top not in sys.stdlib_module_names | siblings | MOUNTED.get(module.name, set()):
                wrong.append((module.name, name))
    assert not wrong, "python -I -S -B inside the jail could not import these"


def test_the_worker_never_imports_what_runs_inside_the_jail() -> None:
    outside = [m for m in modules_of("worker") if JAIL not in m.parents]
    wrong = [(m.name, name) for m in outside for name in imports_of(m) if "jail" in name.split(".")]
    assert not wrong, "the jail's code is mounted and run, not imported"


def test_the_import_rule_sees_every_way_to_write_an_import(tmp_path: Path) -> None:
    module = tmp_path / "m.py"
    module.write_text(
        "import crossjudge.a\nfrom crossjudge import b\nfrom crossjudge.c.d import e\n"
        "def f():\n    import crossjudge.g as h\n    from . import i\n    from ..j import k\n"
    )
    assert list(imports_of(module)) == ["crossjudge.a", "crossjudge.b", "crossjudge.c.d", "crossjudge.g", ".i", "..j"]
