"""Shapes of a page's pictures, read back from their paths."""

from __future__ import annotations

import re

from sor.report.pages.tca_view import _between


def corners(path: str) -> list[tuple[float, float]]:
    """Every corner of a path of M, H and V."""
    x = y = 0.0
    found = []
    for letter, words in re.findall(r"([MHVL])([^MHVLZ]*)", path):
        numbers = [float(word) for word in re.split(r"[ ,]+", words.strip()) if word]
        x = numbers[0] if letter in "MHL" else x
        y = numbers[-1] if letter in "MVL" else y
        found.append((x, y))
    return found


def crossings(path: str, at: float) -> list[float]:
    """The heights at which the closed outline is met at an abscissa between corners."""
    points = corners(path)
    return sorted(
        one[1]
        for one, two in zip(points, [*points[1:], points[0]], strict=True)
        if min(one[0], two[0]) < at < max(one[0], two[0])
    )


def test_each_value_of_a_band_holds_until_the_next() -> None:
    low = [(0.0, 90.0), (10.0, 80.0), (30.0, 60.0), (60.0, 20.0)]
    high = [(0.0, 90.0), (10.0, 70.0), (30.0, 40.0), (60.0, 10.0)]
    path = _between(low, high)
    assert path.endswith("Z")
    assert [crossings(path, at) for at in (5, 20, 45)] == [[90, 90], [70, 80], [40, 60]]
