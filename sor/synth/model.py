"""What a synthetic tape is made from: venues, rates and distributions, calibrated to one real tape.

Every constant is the outcome of comparing with the real tape by `python -m benchmarks.synth_compare`; the comparison is
in data/README.md. Times in nanoseconds, prices in thousandths of a cent, sizes in shares, tables as in synth_dice.
"""

from __future__ import annotations

from dataclasses import dataclass

from sor.synth.draws import share, table

SECOND = 1_000_000_000
MILLI = 1_000_000
MICRO = 1_000
CENT = 1_000  # the unit of the efficient price is a thousandth of a cent; the tick is one cent


@dataclass(frozen=True, slots=True)
class VenueProfile:
    """A venue: publisher_id, and weight, its order flow in thousandths of the leading venue's."""

    publisher_id: int
    weight: int
    away: int  # draws out of 65,536 for a quote that is one or more ticks behind the best
    gap: int  # and for a side that stays empty for a moment


# Activity falls down the list. The fifth is an inverted venue (data/venues.json has the fees).
VENUES = (
    VenueProfile(2, 1000, share(0.07), share(0.001)),
    VenueProfile(43, 450, share(0.22), share(0.006)),
    VenueProfile(8, 400, share(0.25), share(0.01)),
    VenueProfile(15, 300, share(0.30), share(0.015)),
    VenueProfile(6, 250, share(0.33), share(0.03)),
    VenueProfile(5, 400, share(0.25), share(0.003)),
    VenueProfile(9, 250, share(0.35), share(0.008)),
    VenueProfile(3, 200, share(0.36), share(0.012)),
    VenueProfile(16, 180, share(0.36), share(0.012)),
    VenueProfile(38, 150, share(0.40), share(0.015)),
    VenueProfile(7, 150, share(0.40), share(0.015)),
    VenueProfile(10, 100, share(0.42), share(0.02)),
    VenueProfile(4, 80, share(0.45), share(0.02)),
    VenueProfile(11, 60, share(0.45), share(0.02)),
    VenueProfile(12, 50, share(0.50), share(0.03)),
)

# Activity of each second, in 1,024ths: a quarter of the seconds are quiet, a few are hectic.
BUSY = table([(220, 8), (420, 17), (680, 20), (900, 20), (1150, 14), (1500, 11), (2000, 6), (2900, 3), (4600, 1)])

# The efficient price: shocks arrive in clusters; each moves it by a signed jump.
SHOCK_WAIT = 560 * MILLI
SHOCK_CHILDREN = table([(0, 40), (1, 22), (2, 16), (3, 10), (4, 6), (6, 4), (9, 2)])
SHOCK_SPREAD = 500 * MICRO
JUMP = table([(250, 20), (600, 22), (1000, 22), (1500, 16), (2200, 11), (3200, 6), (4800, 3)])
PRESSURE_TURNS = share(0.05)
PRESSURE_TILT = share(0.14)
REVERSION = 250  # draws (of 65,536) by which a cent of distance from the anchor leans against a jump
MOST_STRETCH = 100 * CENT  # beyond this distance the lean grows no more
ANCHOR_PULL = 400  # the anchor follows the price by one part in so many a shock
LOWEST = 500 * CENT
SWEPT = share(0.55)
SWEEP_REACHES = share(0.8)
MOVES_ITSELF = share(0.3)

# The distance of the best quotes from the efficient price, and how often a shock redraws one.
DISTANCE = table([(100, 12), (350, 18), (600, 20), (850, 19), (1150, 15), (1500, 9), (2000, 4), (2600, 2)])
REDRAW = share(0.60)

# A shock reaches a venue at once or a little later, and it quotes better only after it has quoted worse.
REACHED_AT_ONCE = share(0.35)
REACH_DELAY = 40 * MICRO
REACH_MOST = 250 * MICRO
IMPROVE_DELAY = 500 * MICRO
IMPROVE_LEAST = 200 * MICRO

# A venue's own flickers: its side falls back behind the best price and returns.
FLICKER_WAIT = 450 * MILLI
FLICKER_BACK = 2 * MILLI
BEHIND = table([(1, 62), (2, 27), (3, 11)])

# Order flow at one side of the leading venue.
FLOW_WAIT = 74 * MILLI
ECHOES = table([(0, 24), (1, 20), (2, 17), (3, 13), (4, 10), (6, 9), (9, 5), (14, 2)])
ECHO_SPREAD = 1_500 * MICRO
ADD, CANCEL, DEEP_ADD, DEEP_CANCEL, HIDDEN, MARKET = range(6)
KIND = table([(ADD, 19), (CANCEL, 20.4), (DEEP_ADD, 28.8), (DEEP_CANCEL, 29), (HIDDEN, 1.9)])
DEPTH = table([(1, 23), (2, 16), (3, 15), (4, 14), (5, 8), (6, 7), (7, 6), (8, 5.5), (9, 5.5)])

# Market orders that do not move the price: a parent order hits one or more venues, each several resting orders.
MARKET_WAIT = 84 * MILLI
MARKET_LEAN = share(0.16)
PIECES = table([(1, 50), (2, 24), (3, 13), (4, 7), (6, 4), (9, 2)])
ROUTE_DELAY = 40 * MICRO
REACH_LEADER = share(0.86)
REACH = share(0.5)  # times the venue's weight
ROUTED_AT_ONCE = share(0.7)
SHOWS_CANCEL = share(0.68)
TWO_CANCELS = share(0.15)

ODD = [(1, 7), (2, 4), (3, 3), (4, 3), (5, 6), (6, 3), (7, 2), (8, 3), (10, 9), (11, 2), (13, 2), (15, 4), (18, 2)]
ODD += [(20, 6), (25, 7), (27, 2), (30, 4), (35, 2), (40, 5), (46, 2), (50, 6), (60, 3), (75, 3), (80, 2), (90, 2)]
TRADE_SIZE = table(
    [(size, w * 0.70 / 0.94) for size, w in ODD]
    + [(100, 22), (150, 1.4), (200, 4.0), (300, 1.8), (500, 1.2), (1000, 0.4), (2500, 0.05)]
)
ORDER_SIZE = table(
    [(size, w * 0.46 / 0.94) for size, w in ODD]
    + [
        (100, 49),
        (120, 1),
        (200, 2.6),
        (300, 1.0),
        (500, 0.4),
        (1000, 0.3),
        (2500, 0.04),
        (6000, 0.012),
        (10000, 0.014),
    ]
)
RECEIVED_AFTER = 150 * MICRO
FLOOR = table([(5, 4), (10, 6), (20, 10), (40, 16), (80, 18), (100, 36), (150, 5), (200, 5)])
LEVEL_ORDERS = table([(1, 10), (2, 24), (3, 26), (4, 20), (5, 12), (7, 6), (9, 2)])
