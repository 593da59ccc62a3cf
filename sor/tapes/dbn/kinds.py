"""Which records of a DBN file are quotes or trades, and in whose words the others are told."""

from __future__ import annotations

from sor.core.market.batch import Form
from sor.tapes.rows import Kind

# Record type -> the vendor's class. Samples (bbo) have no action, and the time of their ts_event is a trade's.
CLASSES = {
    0: "TradeMsg",
    1: "MBP1Msg",
    10: "MBP10Msg",
    160: "MBOMsg",
    177: "CMBP1Msg",
    192: "CBBOMsg",
    193: "CBBOMsg",
    194: "CMBP1Msg",
    195: "BBOMsg",
    196: "BBOMsg",
    197: "MBP1Msg",
}
KINDS = {
    0: Kind.TRADES,
    1: Kind.MBP_1,
    10: Kind.MBP_10,
    160: Kind.MBO,
    177: Kind.CMBP_1,
    192: Kind.BBO,
    193: Kind.BBO,
    194: Kind.TBBO,
    195: Kind.BBO,
    196: Kind.BBO,
    197: Kind.TBBO,
}
SAMPLED = frozenset({192, 193, 195, 196})
NATIONAL = frozenset({177, 192, 193, 194})  # they say at which venue each side is
MBO = 160
MAPPING = 22

SCHEMAS = {
    "mbp-1": {1},
    "mbp-10": {10},
    "mbo": {160},
    "tbbo": {1, 197},
    "trades": {0},
    "bbo-1s": {195},
    "bbo-1m": {196},
    "cmbp-1": {177},
    "cbbo-1s": {192},
    "cbbo-1m": {193},
    "tcbbo": {194},
}
READ = "mbo, mbp-1, mbp-10, tbbo, bbo, trades and the consolidated cmbp-1, cbbo, tcbbo"

# What other files hold, for people who ask why it is no tape.
OTHERS = {
    17: "bars (ohlcv)",
    18: "trading status",
    19: "instrument definitions",
    20: "auction imbalances",
    21: "error messages",
    23: "messages of the gateway",
    24: "statistics",
    32: "bars (ohlcv-1s)",
    33: "bars (ohlcv-1m)",
    34: "bars (ohlcv-1h)",
    35: "bars (ohlcv-1d)",
    36: "bars (ohlcv-eod)",
    MAPPING: "symbol mappings",
}


def kind_of(schema: str | None, rtype: int) -> Kind:
    """The records of tbbo are those of mbp-1; only the header tells them apart."""
    return Kind.TBBO if schema == "tbbo" else KINDS[rtype]


def form_of(rtype: int) -> Form:
    return Form.NBBO if rtype in NATIONAL else Form.VENUE
