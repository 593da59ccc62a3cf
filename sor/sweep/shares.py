"""Who does which chunks: a worker stays at a tape, so that few workers read it, until there is nothing else to do."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable
from itertools import groupby

from sor.sweep.plan import Chunk


class Shares:
    """Chunks by tape and symbol, and what of them each worker has before it. What a worker that does not come again
    leaves there goes to the others."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._tapes = deque(deque(group) for _, group in groupby(chunks, _tape))
        self._own = defaultdict[Hashable, deque[Chunk]](deque)

    def __bool__(self) -> bool:
        return bool(self._tapes) or any(self._own.values())

    def next(self, worker: Hashable) -> Chunk | None:
        """The worker's next chunk: of its tape, else of one that nobody has begun, else the second half of what the
        busiest has before it. None where nothing is left."""
        own = self._own[worker]
        if not own:
            own.extend(self._tapes.popleft() if self._tapes else self._half_of(max(self._own.values(), key=len)))
        return own.popleft() if own else None

    def has_more(self, worker: Hashable) -> bool:
        """Whether the worker can be given one ahead, with others left of its tape for one who has nothing to do."""
        return len(self._own[worker]) > 1

    def put_back(self, worker: Hashable, chunk: Chunk) -> None:
        self._own[worker].appendleft(chunk)

    @staticmethod
    def _half_of(other: deque[Chunk]) -> list[Chunk]:
        taken = [other.pop() for _ in range((len(other) + 1) // 2)]
        return taken[::-1]


def _tape(chunk: Chunk) -> tuple[str, str | None]:
    return chunk.cells[0].tape, chunk.cells[0].symbol
