"""The values that keys have, and how a key says more than its type: what it means, what it may be."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from sor.core.order import QueueModel

OPEN = Meta(extra_json_schema={"additionalProperties": True})
CLOSED = Meta(extra_json_schema={"additionalProperties": False})  # no key but those that are named


def says(description: str) -> Meta:
    """What a key means."""
    return Meta(description=description)


def one_of(*values: str) -> Meta:
    """The texts that a key may be."""
    return Meta(extra_json_schema={"enum": list(values)})


def _bounds(**bounds: int) -> Meta:
    """Of a decimal: msgspec itself has bounds for int and float only."""
    return Meta(extra_json_schema=bounds)


Text = Annotated[str, Meta(min_length=1)]
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$"
Time = Annotated[str, Meta(pattern=TIME)]  # UTC
GridLevel = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?x?$")]
Verdict = Annotated[str, one_of("cheaper", "more expensive", "no evidence of a difference")]
QueueModelName = Annotated[str, one_of(*(model.value for model in QueueModel))]

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]

NotNegative = Annotated[Decimal, _bounds(minimum=0)]
Part = Annotated[Decimal, _bounds(minimum=0, maximum=1)]
Seconds = Annotated[Decimal, _bounds(exclusiveMinimum=0)]
Interval = Annotated[list[Decimal], Meta(min_length=2, max_length=2)]

# A sweep's statistics are floats.
FloatPart = Annotated[float, Meta(ge=0, le=1)]
FloatInterval = Annotated[list[float], Meta(min_length=2, max_length=2)]
