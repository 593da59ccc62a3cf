"""Finds a strategy of one's own: FILE.py:NAME, package.module:NAME, a `sor.strategies` entry point, an object."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from itertools import product
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

from sor.core.router.literature import BUILT_IN
from sor.core.schedules import SCHEDULES
from sor.core.strategies.plug_in import PlugIn, call
from sor.errors import InputError, StrategyError

GROUP = "sor.strategies"
METHODS = ("allocate", "decide")
MOST_CANDIDATES = 100  # of a grid: each works the whole order
LARGEST = 10**9  # a parameter of those that sor brings along: floats stay finite, and steps do not vanish in them
ROUTER, FIXED = "cont_kukanov", "cont_kukanov_fixed"
MARKET = "X_M"  # a schedule without a router takes all of a slice at once
_REFERENCE = re.compile(r"(?P<where>.+):(?P<name>[A-Za-z_]\w*)")


def is_reference(text: str) -> bool:
    """Whether this names code, and not a strategy that sor brings along."""
    return _REFERENCE.fullmatch(text) is not None


def entry_point_names() -> list[str]:
    """The strategies that installed packages offer."""
    return sorted(point.name for point in entry_points(group=GROUP))


def names() -> list[str]:
    """The strategies that are found by name: routers and schedules that sor brings along, and entry points."""
    return [*BUILT_IN, *SCHEDULES, *entry_point_names()]


def find_plug_in(wanted: object, parameters: Mapping[str, str]) -> PlugIn | None:
    """The plug-in that `wanted` names or is; None for text that names none (it may be a strategy of sor's).

    InputError, in one line, where the code cannot be had, is no strategy, or takes other parameters.
    """
    grid = _points(parameters)
    if len(grid) > 1:
        return _grid(wanted, grid)
    if not isinstance(wanted, str):
        return _plug_in(_name_of(wanted), wanted, parameters)
    if found := _REFERENCE.fullmatch(wanted):
        return _plug_in(found["name"], _named(found["where"], found["name"]), parameters)
    if wanted in BUILT_IN:
        return _plug_in(wanted, _named(f"sor.core.router.literature.{wanted}", BUILT_IN[wanted]), parameters)
    if wanted in SCHEDULES:
        return _schedule(wanted, parameters)
    points = [point for point in entry_points(group=GROUP) if point.name == wanted]
    return _plug_in(wanted, _loaded(points[0]), parameters) if points else None


def _points(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    """Every combination of the values, which commas part."""
    values = [[part.strip() for part in text.split(",")] for text in parameters.values()]
    for key, parts in zip(parameters, values, strict=True):
        if len(parts) > 1 and ("" in parts or len(set(parts)) < len(parts)):
            raise InputError(
                f"param {key}={parameters[key]!r}: a grid has values that differ, with a comma between them"
            )
    if prod(map(len, values)) > MOST_CANDIDATES:
        raise InputError(f"param: {prod(map(len, values)):,} combinations are too many: at most {MOST_CANDIDATES}")
    return [dict(zip(parameters, point, strict=True)) for point in product(*values)]


def _grid(wanted: object, grid: Sequence[Mapping[str, str]]) -> PlugIn | None:
    found = [one for point in grid if (one := find_plug_in(wanted, point)) is not None]
    if not found:
        return None
    first = found[0]
    if not first.is_router or wanted in SCHEDULES or first.paces:
        raise InputError(
            f"strategy {first.name}: a grid of parameters is for routers that work equal slices: give one value"
        )
    return replace(first, candidates=tuple(found))


def _schedule(name: str, parameters: Mapping[str, str]) -> PlugIn:
    """A schedule with what works its slices: `router` names it, and takes the parameters that the schedule does not."""
    module, kind = SCHEDULES[name]
    source = _named(f"sor.core.schedules.{module}", kind)
    known = inspect.signature(source).parameters.keys() - {"router"}
    own = {key: value for key, value in parameters.items() if key in known}
    others = {key: value for key, value in parameters.items() if key not in known and key != "router"}
    router = parameters.get("router", MARKET)
    if router == ROUTER:
        router = FIXED  # tuned on equal slices alone
    if router == MARKET:
        inner = None
        _values(name, source, own | others)  # where there is no such parameter
    else:
        inner = None if router in SCHEDULES else find_plug_in(router, others)
        if inner is None or not inner.is_router:
            raise InputError(
                f"strategy {name}: router {router!r} is none: write X_M, {ROUTER}, {', '.join(BUILT_IN)} or your own"
            )
    values = _values(name, source, own) | {"router": inner}
    given = tuple(sorted(parameters.items()))
    needs_outflows = inner is not None and inner.needs_outflows
    return PlugIn(name, _made_by(name, source, values), is_router=True, parameters=given, needs_outflows=needs_outflows)


def _name_of(source: object) -> str:
    return str(getattr(source, "__name__", None) or type(source).__name__)


def _named(where: str, name: str) -> Any:
    module = _file_module(Path(where)) if where.endswith(".py") else _import(where)
    if hasattr(module, name):
        return getattr(module, name)
    known = [key for key, value in vars(module).items() if inspect.isclass(value) and _is_ours(value, module)]
    there = f"it has {', '.join(sorted(known))}" if known else "it has no class with allocate or decide"
    raise InputError(f"strategy {where}:{name}: there is no {name} in it: {there}")


def _is_ours(value: type, module: ModuleType) -> bool:
    return value.__module__ == module.__name__ and any(hasattr(value, method) for method in METHODS)


def _file_module(path: Path) -> ModuleType:
    """The file, run once a path and content: its folder is where its own imports are looked for."""
    try:
        path = path.expanduser().resolve()
        path.read_bytes()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"strategy {path}: cannot be read ({reason})") from None
    name = f"sor_plug_in_{abs(hash(str(path))):x}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    _run(str(path), lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]
    return module


def _import(where: str) -> ModuleType:
    return _run(where, lambda: importlib.import_module(where))  # type: ignore[no-any-return]


def _loaded(point: EntryPoint) -> Any:
    return _run(f"{point.name} ({point.value})", point.load)


def _run(what: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except SyntaxError as error:
        raise InputError(f"strategy {what}: line {error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        raise InputError(
            f"strategy {what}: {type(error).__name__} at {at.filename}, line {at.lineno}: {error}"
        ) from error


def _plug_in(name: str, source: Any, parameters: Mapping[str, str]) -> PlugIn:
    """`source` is a class or another callable that makes one, or an object, of which every order gets a copy."""
    if inspect.isclass(source) or (callable(source) and not _has_method(source)):
        make = _made_by(name, source, _values(name, source, parameters))
    elif parameters:
        raise InputError(f"strategy {name}: an object takes no --param: give its class, or set them yourself")
    else:

        def make() -> Any:
            return copy.deepcopy(source)

    first = make()
    if not _has_method(first):
        raise InputError(
            f"strategy {name}: it has neither allocate(view, size) nor decide(view): see docs/your-router.md"
        )
    given = tuple(sorted(parameters.items()))
    return PlugIn(
        name,
        make,
        hasattr(first, "allocate"),
        given,
        paces=hasattr(first, "target"),
        needs_outflows=getattr(first, "needs_outflows", False) is True,
    )


def _made_by(name: str, source: Any, values: Mapping[str, Any]) -> Callable[[], Any]:
    missing = [
        key for key, one in inspect.signature(source).parameters.items() if _is_needed(one) and key not in values
    ]
    if missing:
        raise InputError(f"strategy {name}: it needs --param {missing[0]}=VALUE")
    return lambda: call(name, lambda: source(**values))


def _is_needed(one: inspect.Parameter) -> bool:
    return one.default is one.empty and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)


def _has_method(value: object) -> bool:
    return any(callable(getattr(value, method, None)) for method in METHODS)


def _values(name: str, source: Any, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Parameters as the values that the constructor wants: by its annotation, else whole number, number or text."""
    known = inspect.signature(source).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in known.values())
    values = {}
    for key, text in parameters.items():
        if key not in known and not takes_any:
            there = f"it takes {', '.join(known)}" if known else "it takes none"
            raise InputError(f"strategy {name}: there is no parameter {key!r}: {there}")
        wanted = known[key].annotation if key in known else None
        values[key] = _value(name, key, text, wanted)
    return values


def _value(name: str, key: str, text: str, wanted: Any) -> Any:
    kinds: dict[Any, Callable[[str], Any]] = {"int": int, "float": float, "str": str, "bool": _truth}
    kinds["VolumeCurve"] = lambda path: _named("sor.volume_curves", "read_curve")(path)  # loads the readers of tapes
    kind = kinds.get(getattr(wanted, "__name__", wanted))
    for convert in (kind,) if kind else (int, float, str):
        try:
            value = convert(text)
        except ValueError:
            continue
        if name in (*BUILT_IN, *SCHEDULES) and isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise StrategyError(f"strategy {name}: parameter {key} must be at most {LARGEST:,} in size, not {text!r}")
        return value
    kind_name = getattr(wanted, "__name__", wanted)
    raise StrategyError(f"strategy {name}: parameter {key} must be of type {kind_name}, not {text!r}")


def _truth(text: str) -> bool:
    if text.lower() in ("true", "yes", "1", "on"):
        return True
    if text.lower() in ("false", "no", "0", "off"):
        return False
    raise ValueError(text)
