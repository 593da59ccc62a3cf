"""What happens in the queues at the venues' best prices, and the rows that a feed would send of it.

A level's queue takes limit orders, cancellations and market orders in turn; a removal takes no more than stands above
the level's floor. That is a Lindley recursion, q <- max(floor, q + x), which a running maximum solves for all levels at
once. When the price leaves a level, what is left there is cancelled or swept by trades.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import Ints
from sor.synth import model
from sor.synth.draws import Draws
from sor.synth.price import (
    ASK,
    BID,
    CARRY,
    IMPROVE,
    NO_QUOTE,
    RETREAT,
    SIGN,
    Bools,
    Clock,
    Levels,
    Shocks,
    last_where,
)

Columns = dict[str, NDArray[Any]]
Profiles = tuple[model.VenueProfile, ...]

TIME_BITS = 40  # of a time within a block; above them the lane: one side of one venue, number 2 x venue + side
APART = 1 << 40  # levels are further apart than any two queues
LAST_OF_EVENT = 128  # F_LAST: the venue's last row at this ts_event

A, C, T = (ord(c) for c in "ACT")
BUY, SELL, NEITHER, BIDDER, OFFER = (ord(c) for c in "BANBA")  # aggressors, then the sides of the book
ORDER = 3  # kind of an entry that begins no level (CARRY, IMPROVE and RETREAT do)


@dataclass(frozen=True, slots=True)
class OrderFlow:
    """Orders by (lane, time): int64[n] each. what: ADD, CANCEL, DEEP_ADD, DEEP_CANCEL, HIDDEN or MARKET."""

    key: Ints
    what: Ints
    size: Ints


@dataclass(frozen=True, slots=True)
class Top:
    """What stands at the best price of each lane at the end of a block: int64[lanes] each."""

    size: Ints
    orders: Ints


def order_flow(
    dice: Draws, clock: Clock, profiles: Profiles, levels: list[Levels], shocks: Shocks, activity: int
) -> OrderFlow:
    """Orders of all lanes in a block: a steady stream, echoes of every change of a venue's quotes, market orders."""
    keys = []
    for lane, level in enumerate(levels):
        weight = profiles[lane >> 1].weight
        steady = clock.arrivals(dice, model.FLOW_WAIT * 1_000_000 // weight // activity)
        echoes = dice.pick(model.ECHOES, len(level.changes)) * max(weight, 300)
        echoes = echoes // 1000 + (dice.words(len(echoes)) % 1000 < echoes % 1000)
        late = np.repeat(level.changes, echoes)
        times = np.concatenate([steady, late + dice.waits(model.ECHO_SPREAD, len(late))])
        keys.append((lane << TIME_BITS) + times[times < clock.length])
    market = _market_orders(dice, clock, profiles, shocks, activity)
    n, m = sum(map(len, keys)), len(market)
    key = np.concatenate([*keys, market])
    what = np.concatenate([dice.pick(model.KIND, n), np.full(m, model.MARKET, dtype=np.int64)])
    traded = (what == model.MARKET) | (what == model.HIDDEN)
    size = np.where(traded, dice.pick(model.TRADE_SIZE, n + m), dice.pick(model.ORDER_SIZE, n + m))
    order = np.argsort(key, kind="stable")
    return OrderFlow(key[order], what[order], size[order])


def _market_orders(dice: Draws, clock: Clock, profiles: Profiles, shocks: Shocks, activity: int) -> Ints:
    """Keys of market orders. One parent order reaches several venues, and at each one or more resting orders."""
    times = clock.arrivals(dice, model.MARKET_WAIT * 1000 // activity)
    n = len(times)
    pressure = shocks.pressure[np.searchsorted(shocks.time, times, side="right") - 1]
    side = np.where(dice.words(n) < 32_768 + model.MARKET_LEAN * pressure, ASK, BID)  # a buyer takes the ask
    keys = []
    for v, profile in enumerate(profiles):
        reach = model.REACH_LEADER if v == 0 else model.REACH * profile.weight // 1000
        late = np.where(dice.yes(model.ROUTED_AT_ONCE, n), 0, dice.waits(model.ROUTE_DELAY, n))
        hit = dice.yes(reach, n) & (times + late < clock.length)
        key = ((2 * v + side) << TIME_BITS) + times + late
        keys.append(np.repeat(key[hit], dice.pick(model.PIECES, int(hit.sum()))))
    return np.concatenate(keys)


def rows_of(dice: Draws, levels: list[Levels], flow: OrderFlow, top: Top, opens: bool) -> tuple[Columns, Top]:
    """The rows of a block, venue by venue and in time order within each, and what stands at its end.

    Where the block opens the tape, each venue sends one row at once, so that the book is complete from the start.
    """
    entries = _entries(dice, levels, flow, top)
    rows = _expand(dice, entries)
    rows["real"] |= opens & (rows["lane"] & 1 == ASK)  # the later of the two beginnings shows both sides
    order = np.argsort(rows["rank"], kind="stable")
    rows = {name: values[order] for name, values in rows.items()}
    return _display(dice, rows, len(levels))


# -- queues ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entries:
    """Beginnings of levels and orders, by (lane, time): int64[n]. kind: CARRY, IMPROVE, RETREAT or ORDER.

    q, n: shares and orders of the level after the entry; z: the level's price; what, size: of an order.
    """

    lane: Ints
    time: Ints
    kind: Ints
    what: Ints
    size: Ints
    z: Ints
    q: Ints
    n: Ints
    swept: Bools


def _entries(dice: Draws, levels: list[Levels], flow: OrderFlow, top: Top) -> _Entries:
    start = np.concatenate([(lane << TIME_BITS) + level.start for lane, level in enumerate(levels)])
    z, behind, kind, swept = (
        np.concatenate([getattr(level, name) for level in levels]) for name in ("z", "behind", "kind", "swept")
    )
    # An order meets the level that stands at its time; none at an empty side, no market order behind the best price.
    at = np.searchsorted(start, flow.key, side="right") - 1
    meets = (z[at] < NO_QUOTE) & ((flow.what != model.MARKET) | (behind[at] == 0))
    key = np.concatenate([start, flow.key[meets]])
    order = np.argsort(key, kind="stable")  # a level first, then the orders of the same nanosecond
    level = np.concatenate([np.arange(len(start)), at[meets]])[order]
    is_order = order >= len(start)
    what = np.concatenate([np.full(len(start), -1, dtype=np.int64), flow.what[meets]])[order]
    size = np.concatenate([np.zeros(len(start), dtype=np.int64), flow.size[meets]])[order]
    shares, orders = _fresh(dice, kind, z, top)
    removes = (what == model.CANCEL) | (what == model.MARKET)
    step = (what == model.ADD).astype(np.int64) - removes
    floor = np.minimum(shares, dice.pick(model.FLOOR, len(shares)))
    q = _lindley(step * size, level, shares, floor)
    n = np.minimum(_lindley(step, level, orders, np.minimum(orders, 1)), q)
    key = key[order]
    return _Entries(
        lane=key >> TIME_BITS,
        time=key & ((1 << TIME_BITS) - 1),
        kind=np.where(is_order, ORDER, kind[level]),
        what=what,
        size=size,
        z=z[level],
        q=q,
        n=n,
        swept=swept[level] & ~is_order,
    )


def _fresh(dice: Draws, kind: Ints, z: Ints, top: Top) -> tuple[Ints, Ints]:
    """Shares and orders with which a level begins: one order where it improves, what stood behind where it retreats."""
    orders = np.where(kind == IMPROVE, 1, dice.pick(model.LEVEL_ORDERS, len(kind)))
    sizes = dice.pick(model.ORDER_SIZE, 4 * len(kind)).reshape(-1, 4)
    shares = np.where(np.arange(4) < orders[:, None], sizes, 0).sum(axis=1)
    shares[kind == CARRY], orders[kind == CARRY] = top.size, top.orders
    shares[z == NO_QUOTE], orders[z == NO_QUOTE] = 0, 0
    return shares, np.minimum(orders, shares)


def _lindley(step: Ints, level: Ints, first: Ints, floor: Ints) -> Ints:
    """q after each entry: q <- max(floor, q + step), begun again with `first` at each level's first entry (step 0).

    Unrolled, q = first + s + max(0, max over the past of floor - first - s) with s the sum of the steps; adding APART a
    level makes one running maximum serve all levels.
    """
    total = np.cumsum(step)
    begins = np.concatenate([[True], level[1:] != level[:-1]])
    s = total - total[begins][level]
    short = np.where(begins, 0, floor[level] - first[level] - s)
    base = level * APART
    level_now: Ints = first[level] + s + np.maximum.accumulate(short + base) - base
    return level_now


# -- rows ------------------------------------------------------------------------------------------------------------


def _expand(dice: Draws, e: _Entries) -> Columns:
    """The rows of each entry: one for most, none for a removal that found nothing, several where a level is left."""
    q0, n0, z0 = (np.concatenate([values[:1], values[:-1]]) for values in (e.q, e.n, e.z))
    retreat, market = e.kind == RETREAT, e.what == model.MARKET
    shown = dice.yes(model.SHOWS_CANCEL, len(e.kind))  # the removal has rows of its own
    parts = np.where(e.swept, np.minimum(n0, 4), 1 + ((n0 > 1) & dice.yes(model.TWO_CANCELS, len(n0))))
    parts = np.where(retreat, np.maximum(np.minimum(parts, q0), 1), 1)
    count = np.where(e.swept, np.where(shown, 2 * parts, parts + 1), parts)
    count += market & shown
    count[(market | (e.what == model.CANCEL)) & (e.q == q0)] = 0

    at = np.repeat(np.arange(len(count)), count)
    i = np.arange(len(at)) - (np.cumsum(count) - count)[at]
    parts, shown, swept, retreat, what = parts[at], shown[at], e.swept[at], retreat[at], e.what[at]
    part = np.where(swept & shown, i // 2, np.minimum(i, parts - 1))
    extra = swept & ~shown & (i == parts)  # a row of a deeper order that shows the new best price
    trade = np.where(
        swept, np.where(shown, i % 2 == 0, ~extra), ((what == model.MARKET) & (i == 0)) | (what == model.HIDDEN)
    )
    final = ~retreat | (part == parts - 1)
    unit = np.minimum(100, q0[at] // parts)
    left = q0[at] - unit * (part + 1)
    deep = np.where((what == model.DEEP_ADD) | (what == model.DEEP_CANCEL), dice.pick(model.DEPTH, len(at)), extra)
    adds = (what == model.ADD) | (what == model.DEEP_ADD) | (e.kind[at] == IMPROVE) | (e.kind[at] == CARRY) | extra
    changed = np.abs(e.q - q0)[at]
    size = np.where((what == model.ADD) | (what == model.CANCEL) | (what == model.MARKET), changed, e.size[at])
    size = np.where((e.kind[at] == IMPROVE) | (e.kind[at] == CARRY), e.q[at], size)
    size = np.where(retreat, np.where(part < parts - 1, unit, q0[at] - unit * (parts - 1)), size)
    phase = np.array([0, 1, 0, 2])[e.kind[at]]  # what gets worse, then what gets better, then orders
    return {
        "rank": ((((e.lane[at] >> 1) << TIME_BITS) + e.time[at]) << 2) + phase,
        "lane": e.lane[at],
        "ts": e.time[at],
        "real": e.kind[at] != CARRY,
        "trade": trade,
        "hidden": what == model.HIDDEN,
        "adds": adds,
        "depth": deep,
        "price": np.where(retreat & ~extra, z0[at], e.z[at]) + deep,
        "size": np.where(extra, 100, size),
        "z": np.where(final, e.z[at], z0[at]),
        "q": np.where(final, e.q[at], left),
        "n": np.where(final, e.n[at], np.minimum(np.maximum(n0[at] - part - 1, 1), left)),
    }


def _display(dice: Draws, r: Columns, lanes: int) -> tuple[Columns, Top]:
    """Both sides of the venue's book beside each row: after the row, but before it where the row is a trade."""
    n = len(r["lane"])
    book = {}
    ends = np.searchsorted(r["lane"] >> 1, np.arange(lanes // 2), side="right") - 1
    top = Top(np.zeros(lanes, dtype=np.int64), np.zeros(lanes, dtype=np.int64))
    for side, name in ((BID, "bid"), (ASK, "ask")):
        after = last_where(r["lane"] & 1 == side)
        top.size[side::2], top.orders[side::2] = r["q"][after[ends]], r["n"][after[ends]]
        seen = np.where(r["trade"], np.concatenate([after[:1], after[:-1]]), after)
        book[name] = np.where(r["z"][seen] == NO_QUOTE, NO_QUOTE, SIGN[side] * r["z"][seen])
        book[f"{name}_sz"], book[f"{name}_ct"] = r["q"][seen], r["n"][seen]
    ask_side = r["lane"] & 1 == ASK
    price = np.where(ask_side, r["price"], -r["price"])
    both = (book["bid"] < NO_QUOTE) & (book["ask"] < NO_QUOTE)
    room = np.where(both, book["ask"] - book["bid"] - 1, 0)  # a hidden order stands inside the spread where it can
    inside = book["bid"] + np.minimum(room, 1) + dice.words(n) % np.maximum(room, 1)
    aggressor = np.where(r["trade"], np.where(ask_side, BUY, SELL), np.where(ask_side, OFFER, BIDDER))
    ends_event = np.concatenate([np.diff(r["rank"] >> 2) != 0, [True]])
    columns = {
        "ts": r["ts"],
        "venue": r["lane"] >> 1,
        "action": np.where(r["trade"], T, np.where(r["adds"], A, C)).astype(np.uint8),
        "side": np.where(r["hidden"], NEITHER, aggressor).astype(np.uint8),
        "depth": r["depth"],
        "price": np.where(r["hidden"], inside, price),
        "size": r["size"],
        "flags": np.where(ends_event, LAST_OF_EVENT, 0),
        **book,
    }
    keep = r["real"] & (both | ~r["hidden"])
    return {name: values[keep] for name, values in columns.items()}, top
