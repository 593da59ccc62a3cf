"""The message codec: the seed's form, exact prices, and nothing wrong gets in."""

import json
import random
from dataclasses import fields
from decimal import Decimal
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.core.market.batch import Form, Quote, Snapshot, SnapshotBatch, Trade, batch_of, concat, no_quote
from sor.core.units import NO_PRICE, UNSPOKEN, dollars, parse_dollars, parse_time
from sor.stream.wire.decode import MAX_SIZE, MessageError, _Message, decode, decode_one
from sor.stream.wire.encode import encode

SEED = (
    b'{"timestamp": "2024-08-01T13:36:32.491911683Z",'
    b' "venues": [{"publisher_id": 2, "ask_px_00": 222.83, "ask_sz_00": 36}]}'
)

prices = st.integers(1, 2**62 - 1) | st.integers(1, 40_000_000).map(lambda cents: cents * 10**7)
sizes = st.integers(1, MAX_SIZE)
sides = st.tuples(prices, sizes) | st.just((NO_PRICE, 0))
quotes = st.builds(lambda v, bid, ask: Quote(v, *bid, *ask), st.integers(0, 70_000), sides, sides)
trades = st.builds(Trade, st.integers(0, 70_000), prices, sizes, st.sampled_from("ABNH"))
snapshots = st.builds(
    lambda ts, q, t: Snapshot(ts, tuple(sorted(q, key=lambda x: x.venue)), tuple(t)),
    st.integers(0, 2**62 - 1),
    st.lists(quotes, max_size=4, unique_by=lambda q: q.venue),
    st.lists(trades, max_size=3),
)


def same(a: SnapshotBatch, b: SnapshotBatch) -> None:
    for field in fields(SnapshotBatch):
        left, right = getattr(a, field.name), getattr(b, field.name)
        assert left.dtype == right.dtype, field.name
        np.testing.assert_array_equal(left, right, err_msg=field.name)


def test_the_seeds_bare_minimum_is_read() -> None:
    decoded = decode([SEED])
    (snapshot,) = decoded.batch.snapshots()
    assert snapshot.ts == parse_time("2024-08-01T13:36:32.491911683Z")
    assert snapshot.quotes == (Quote(2, NO_PRICE, 0, 222_830_000_000, 36),)
    assert not decoded.has_bids
    assert not decoded.rejected


def test_what_is_written_has_the_seeds_form_and_order() -> None:
    batch = decode([SEED]).batch
    (message,) = encode(batch, has_bids=False)
    assert list(json.loads(message).items()) == list(json.loads(SEED).items())
    assert list(json.loads(message)["venues"][0]) == ["publisher_id", "ask_px_00", "ask_sz_00"]


def test_bids_and_trades_are_written_as_documented() -> None:
    snapshot = Snapshot(
        0, (Quote(2, 5, 7, 222_000_000_000, 1), Quote(3, NO_PRICE, 0, NO_PRICE, 0)), (Trade(2, 5, 6, "A"),)
    )
    (message,) = encode(batch_of([snapshot]))
    assert json.loads(message, parse_float=Decimal) == {
        "timestamp": "1970-01-01T00:00:00.000000000Z",
        "venues": [
            {
                "publisher_id": 2,
                "ask_px_00": Decimal("222.0"),
                "ask_sz_00": 1,
                "bid_px_00": Decimal("0.000000005"),
                "bid_sz_00": 7,
            },
            {"publisher_id": 3, "ask_px_00": None, "ask_sz_00": 0, "bid_px_00": None, "bid_sz_00": 0},
        ],
        "trades": [{"publisher_id": 2, "px": Decimal("0.000000005"), "sz": 6, "side": "A"}],
    }


@given(st.lists(snapshots, max_size=6))
def test_round_trip_is_exact(items: list[Snapshot]) -> None:
    batch = batch_of(items)
    decoded = decode(encode(batch))
    assert not decoded.rejected
    same(decoded.batch, batch)
    assert decoded.has_bids == bool((batch.bid_px != NO_PRICE).any())


nbbo_quotes = st.builds(
    lambda v, bid, ask: Quote(v, *bid, *ask),
    st.integers(0, 70_000),
    sides | st.just((UNSPOKEN, 0)),
    sides | st.just((UNSPOKEN, 0)),
)


@given(st.lists(st.lists(nbbo_quotes, max_size=3, unique_by=lambda q: q.venue), max_size=6))
def test_the_nbbo_form_comes_back_with_what_is_not_said(quotes: list[list[Quote]]) -> None:
    batch = batch_of([Snapshot(i, tuple(sorted(q, key=lambda x: x.venue)), ()) for i, q in enumerate(quotes)])
    messages = encode(batch, form=Form.NBBO)
    decoded = decode(messages, Form.NBBO)
    assert not decoded.rejected
    same(decoded.batch, batch)
    for message in messages:
        same(decode_one(message, Form.NBBO)[0], decode([message], Form.NBBO).batch)


def test_a_side_of_which_nothing_is_said_has_no_keys_and_venue_0_has_no_quote() -> None:
    snapshot = Snapshot(0, (Quote(0, NO_PRICE, 0, UNSPOKEN, 0), Quote(7, UNSPOKEN, 0, 222_000_000_000, 3)))
    (message,) = encode(batch_of([snapshot]), form=Form.NBBO)
    assert json.loads(message)["venues"] == [
        {"publisher_id": 0, "bid_px_00": None, "bid_sz_00": 0},
        {"publisher_id": 7, "ask_px_00": 222.0, "ask_sz_00": 3},
    ]


@pytest.mark.parametrize("number", ["1e-99999999999999999999", "-1e-99999999999999999999"])
@pytest.mark.parametrize("place", ["note", "ask_px_00", "ask_sz_00"])
def test_a_number_beyond_all_numbers_is_poison_and_no_more(number: str, place: str) -> None:
    odd = SEED[:-2] + f',"bid_px_00":"x","{place}":{number}'.encode() + SEED[-2:]
    decoded = decode([SEED, SEED[:-1] + b',"y":' + number.encode() + b"}", odd, SEED])
    assert [index for index, _ in decoded.rejected] == [2]
    assert len(decoded.batch) == 3


@given(st.lists(snapshots, min_size=1, max_size=4))
def test_the_careful_way_agrees_with_the_fast_one(items: list[Snapshot]) -> None:
    messages = encode(batch_of(items))
    same(concat([decode_one(message)[0] for message in messages]), decode(messages).batch)


@given(st.integers(1, 2 * 10**15 - 1))
@settings(max_examples=500)
def test_prices_below_two_million_dollars_survive_the_fast_way(price: int) -> None:
    ask = f"{dollars(price)}".encode()
    message = SEED.replace(b"222.83", ask)
    assert decode([message]).batch.ask_px.tolist() == [price]


def test_every_nine_decimal_price_in_a_hard_range_is_exact() -> None:
    rng = random.Random(7)
    texts = [f"{rng.randrange(1_999_990, 2_000_000)}.{rng.randrange(10**9):09d}" for _ in range(20_000)]
    messages = [SEED.replace(b"222.83", text.encode()) for text in texts]
    assert decode(messages).batch.ask_px.tolist() == [parse_dollars(text) for text in texts]


@pytest.mark.parametrize("px", ["9223372036.854775807", "9223372036854775807", "null"])
def test_undefined_prices_mean_no_quote(px: str) -> None:
    decoded = decode([SEED.replace(b"222.83", px.encode())])
    assert decoded.batch.ask_px.tolist() == [NO_PRICE]
    assert decoded.batch.ask_sz.tolist() == [0]


def test_size_zero_means_no_quote() -> None:
    assert decode([SEED.replace(b"36}", b"0}")]).batch.ask_px.tolist() == [NO_PRICE]


@pytest.mark.parametrize(
    "text",
    [
        "2024-08-01T13:36:32Z",
        "2024-08-01T13:36:32.5Z",
        "2024-08-01T15:36:32.500000+02:00",
        "2024-08-01 13:36:32.123456",
    ],
)
def test_other_forms_of_iso_8601_are_read(text: str) -> None:
    message = SEED.replace(b"2024-08-01T13:36:32.491911683Z", text.encode())
    assert decode([message, SEED]).batch.ts.tolist() == [parse_time(text), parse_time("2024-08-01T13:36:32.491911683Z")]


def test_a_price_finer_than_a_nanodollar_is_rounded() -> None:
    assert decode([SEED.replace(b"222.83", b"222.82999999999998")]).batch.ask_px.tolist() == [222_830_000_000]


def test_venues_out_of_order_are_sorted_and_extra_keys_ignored() -> None:
    message = json.dumps(
        {
            "timestamp": "2024-08-01T13:36:32Z",
            "symbol": "X",
            "venues": [
                {"publisher_id": 9, "ask_px_00": 2, "ask_sz_00": 1, "name": "B"},
                {"publisher_id": 4, "ask_px_00": 1.5, "ask_sz_00": 36.0},
            ],
        }
    ).encode()
    batch = decode([message]).batch
    assert batch.venue.tolist() == [4, 9]
    assert batch.ask_px.tolist() == [1_500_000_000, 2_000_000_000]
    assert batch.ask_sz.tolist() == [36, 1]


def _with(**changes: object) -> bytes:
    value = json.loads(SEED)
    for key, change in changes.items():
        if key in value:
            value[key] = change
        else:
            value["venues"][0][key] = change
    return json.dumps(value).encode()


def _without(key: str) -> bytes:
    value = json.loads(SEED)
    value.pop(key, None)
    for venue in value.get("venues", ()):
        venue.pop(key, None)
    return json.dumps(value).encode()


POISON: dict[str, bytes | None] = {
    "no value": None,
    "empty": b"",
    "not JSON": b"hello",
    "truncated": SEED[:-9],
    "two values": SEED + b"," + SEED,
    "broken UTF-8": SEED.replace(b"venues", b"ven\xff\xfees"),
    "broken UTF-8 in a key that nobody reads": SEED[:-1] + b',"\xff":1}',
    "broken UTF-8 in a text that nobody reads": SEED[:-1] + b',"note":"\xc3"}',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "NaN price": SEED.replace(b"222.83", b"NaN"),
    "infinite price": SEED.replace(b"222.83", b"1e999"),
    "absurd price": _with(ask_px_00=1e300),
    "absurd whole price": SEED.replace(b"222.83", b"9" * 400),
    "text price": _with(ask_px_00="222.83"),
    "true as a price": _with(ask_px_00=True),
    "list as a price": _with(ask_px_00=[222.83]),
    "negative price": _with(ask_px_00=-222.83),
    "negative bid": _with(bid_px_00=-0.01, bid_sz_00=1),
    "negative trade": SEED[:-1] + b',"trades":[{"publisher_id":2,"px":-1.0,"sz":1,"side":"A"}]}',
    "negative size": _with(ask_sz_00=-1),
    "fraction of a share": _with(ask_sz_00=1.5),
    "true as a size": _with(ask_sz_00=True),
    "absurd size": _with(ask_sz_00=2**53),
    "text size": _with(ask_sz_00="36"),
    "null size": _with(ask_sz_00=None),
    "true as a venue": _with(publisher_id=True),
    "negative venue": _with(publisher_id=-2),
    "text venue": _with(publisher_id="2"),
    "no timestamp": _without("timestamp"),
    "no venues": _without("venues"),
    "no venue id": _without("publisher_id"),
    "no ask price": _without("ask_px_00"),
    "no ask size": _without("ask_sz_00"),
    "bid without its size": _with(bid_px_00=222.81),
    "number as a timestamp": _with(timestamp=1722519392),
    "nonsense timestamp": _with(timestamp="yesterday"),
    "ten decimals": _with(timestamp="2024-08-01T13:36:32.4919116830Z"),
    "offset within": _with(timestamp="2024-08-01T13:36+01.491911683Z"),
    "nanoseconds with decimals": _with(timestamp="1722519392491911683.491911683Z"),
    "before 1970": _with(timestamp="1969-12-31T23:59:59Z"),
    "beyond 2262": _with(timestamp="9999-12-31T23:59:59Z"),
    "object as venues": _with(venues={}),
    "text as venues": _with(venues=""),
    "number among venues": _with(venues=[7]),
    "venue twice": _with(venues=json.loads(SEED)["venues"] * 2),
    "text as trades": SEED[:-1] + b',"trades":""}',
    "null as trades": SEED[:-1] + b',"trades":null}',
    "trade without side": SEED[:-1] + b',"trades":[{"publisher_id":2,"px":1.0,"sz":1}]}',
    "trade with a wrong side": SEED[:-1] + b',"trades":[{"publisher_id":2,"px":1.0,"sz":1,"side":"X"}]}',
    "trade with a list as side": SEED[:-1] + b',"trades":[{"publisher_id":2,"px":1.0,"sz":1,"side":[]}]}',
    "trade without price": SEED[:-1] + b',"trades":[{"publisher_id":2,"px":null,"sz":1,"side":"A"}]}',
    "nested bomb": b"[" * 100_000,
    "nested bomb within": SEED[:-1] + b',"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "900 kB of noise": random.Random(1).randbytes(900_000),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_is_rejected_with_a_reason_and_the_rest_is_read(name: str) -> None:
    decoded = decode([SEED, POISON[name], SEED])
    assert [index for index, _ in decoded.rejected] == [1]
    reason = decoded.rejected[0][1]
    assert reason
    assert len(reason) < 200
    assert "\n" not in reason
    same(decoded.batch, decode([SEED, SEED]).batch)
    with pytest.raises(MessageError):
        decode_one(POISON[name])


@given(st.data())
@settings(max_examples=300)
def test_the_fast_way_never_takes_what_the_careful_one_rejects(data: st.DataObject) -> None:
    """Whatever a mutated message is, both ways agree on it, alone and among others."""
    base = data.draw(st.sampled_from([SEED, encode(decode([SEED]).batch)[0], *filter(None, POISON.values())]))[:400]
    at = data.draw(st.integers(0, len(base)))
    cut = data.draw(st.integers(0, 3))
    put = data.draw(
        st.binary(max_size=2) | st.sampled_from([b"null", b"1", b"-", b"true", b'"', b"{}", b"[]", b".5", b"e9"])
    )
    message = base[:at] + put + base[at + cut :]
    decoded = decode([SEED, message])
    try:
        careful, _ = decode_one(message)
    except MessageError:
        assert [index for index, _ in decoded.rejected] == [1]
    else:
        assert not decoded.rejected
        same(decoded.batch, concat([decode([SEED]).batch, careful]))


def test_the_reason_names_what_is_wrong_and_where() -> None:
    reasons = dict(decode([POISON["no ask size"], POISON["text size"], POISON["nested bomb"], b"{,}"]).rejected)
    assert reasons == {
        0: "venue 1 has no ask_sz_00",
        1: "ask_sz_00 of venue 1 is not a number",
        2: "not JSON of a snapshot: nested too deeply",
        3: "not JSON: JSON is malformed: object keys must be strings (byte 1)",
    }


def test_nothing_is_nothing() -> None:
    assert len(decode([]).batch) == 0
    assert encode(batch_of([])) == []
    assert no_quote(None, 5) == (NO_PRICE, 0)


# --- the JSON Schema says the same ---


def _schema() -> Any:
    import jsonschema

    text = files("sor.stream.wire").joinpath("message.schema.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


@given(st.lists(snapshots, min_size=1, max_size=2), st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_valid_by_the_schema(items: list[Snapshot], has_bids: bool) -> None:
    schema = _schema()
    for message in encode(batch_of(items), has_bids):
        schema.validate(json.loads(message))


NOT_SEEN_BY_A_SCHEMA = {  # not JSON at all, or rules that JSON Schema has no words for
    *("no value", "empty", "not JSON", "truncated", "two values", "broken UTF-8", "NaN price", "infinite price"),
    *("broken UTF-8 in a key that nobody reads", "broken UTF-8 in a text that nobody reads"),
    *("nested bomb", "nested bomb within", "900 kB of noise", "nonsense timestamp", "ten decimals", "offset within"),
    *("nanoseconds with decimals", "before 1970", "beyond 2262", "venue twice"),
}


@pytest.mark.parametrize("name", sorted(set(POISON) - NOT_SEEN_BY_A_SCHEMA))
def test_poison_is_invalid_by_the_schema(name: str) -> None:
    schema = _schema()
    assert schema.is_valid(json.loads(SEED))
    message = POISON[name]
    assert message is not None
    assert not schema.is_valid(json.loads(message))


def test_the_types_that_messages_are_read_into_have_the_names_of_the_schema() -> None:
    (_, ours), schema = msgspec.json.schema_components([_Message]), _schema().schema
    parts = {"_Message": schema, "_Quote": schema["$defs"]["venue"], "_Trade": schema["$defs"]["trade"]}
    assert set(ours) == set(parts)
    for name, part in parts.items():
        assert list(ours[name]["properties"]) == list(part["properties"])
    assert ours["_Message"]["required"] == schema["required"]
    assert ours["_Trade"]["required"] == schema["$defs"]["trade"]["required"]
    assert ours["_Trade"]["properties"]["side"]["enum"] == schema["$defs"]["trade"]["properties"]["side"]["enum"]
    for limit in ("minimum", "maximum"):
        assert ours["_Trade"]["properties"]["sz"][limit] == schema["$defs"]["size"][limit]
        assert ours["_Quote"]["properties"]["publisher_id"][limit] == schema["$defs"]["id"][limit]
