"""The paper's numbers from a user's file: the print is not ours to ship."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sor.errors import InputError
from sor.files.json_file import parse_json


@dataclass(frozen=True, slots=True)
class Printed:
    """One row: (M, L_1..L_K) in per cent of S, and the cost of that allocation in cents a share."""

    shares: tuple[float, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class OtherTables:
    """What `sor paper --all` sets beside its tables, by (S, K), N, or cents and volume; empty without a file."""

    table_2: dict[tuple[int, int], tuple[float, ...]]
    table_3: dict[tuple[float, str], tuple[float, ...]]
    figure_3: dict[int, tuple[float, ...]]
    figures: dict[str, str]
    first: dict[tuple[int, int], tuple[float, ...]]


NOTHING = OtherTables({}, {}, {}, {}, {})


def read_other_tables(path: Path) -> OtherTables:
    """The other tables and figures of the same file. InputError where one of them is not as expected."""
    try:
        data = parse_json(path.read_bytes())
        v4, first = data["v4"], data["hal_v2"]["table1"]["rows_by_S_then_K_1_to_5"]
        figure = v4["fig3_read_by_eye"]
        errors = zip(figure["rel_W_error_from_(0,S)"], figure["rel_X_error_from_(0,S)"], strict=True)
        return OtherTables(
            table_2=_by_size_and_venues(v4["table2"]["rows_by_S_then_K_1_to_5"]),
            table_3={
                (float(penalty.rstrip("c")), str(volume)): tuple(map(float, shares[:3]))
                for penalty, volume, *shares in v4["table3"]["rows"]
            },
            figure_3={int(n): (float(w), float(x)) for n, (w, x) in zip(figure["N"], errors, strict=True)},
            figures={str(k): str(text) for k, text in v4["figs_4_to_9_read_by_eye_+-5_shares"].items()},
            first=_by_size_and_venues(
                {size: [[row[0], sum(row[1]) / len(row[1]), row[5]] for row in rows] for size, rows in first.items()}
            ),
        )
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, ZeroDivisionError):
        raise InputError(f"{path}: is no JSON with Tables 2 and 3, the figures (v4) and the first version") from None


def _by_size_and_venues(found: dict[str, Any]) -> dict[tuple[int, int], tuple[float, ...]]:
    return {
        (int(size), k): tuple(float(value) for value in row)
        for size, rows in found.items()
        for k, row in enumerate(rows, start=1)
    }


def read_printed(path: Path) -> dict[tuple[int, int], Printed]:
    """By (S, K). The file is JSON: v4.table1.rows has, by S, rows of K, [M, L...] in per cent, a total, and the costs
    of X_M, X_L, X_E and X*. InputError where it is another."""
    try:
        rows = parse_json(path.read_bytes())["v4"]["table1"]["rows"]
        return {
            (int(size), int(k)): Printed(tuple(float(share) for share in shares), float(costs[3]))
            for size, found in rows.items()
            for k, shares, _, costs in found
        }
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise InputError(f"{path}: is no JSON with the rows of Table 1 at v4.table1.rows") from None
