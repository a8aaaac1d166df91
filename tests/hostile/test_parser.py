"""The short way for a short message says what the whole parser says, wherever the network cuts."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from hubbub.transports.uvicorn.parser import BoundedServerProtocol

texts = st.text(max_size=40).map(str.encode) | st.integers(100, 300).map(lambda size: b"x" * size)


@st.composite
def messages(draw: st.DrawFn) -> list[Frame]:
    """The frames of one message: in pieces perhaps, with pings between them."""
    pieces = draw(st.lists(texts, min_size=1, max_size=3))
    frames = []
    for number, piece in enumerate(pieces):
        opcode = Opcode.CONT if number else draw(st.sampled_from([Opcode.TEXT, Opcode.TEXT, Opcode.BINARY]))
        frames.append(Frame(opcode, piece, fin=number == len(pieces) - 1))
        frames += [Frame(Opcode.PING, b"p")] * draw(st.integers(0, 1))
    return frames


def protocol() -> BoundedServerProtocol:
    found = BoundedServerProtocol(extensions=(), max_size=65_536, logger=logging.getLogger(__name__))
    found.state = State.OPEN  # As after the handshake.
    return found


def received(parser: BoundedServerProtocol) -> list[Frame]:
    return [event for event in parser.events_received() if isinstance(event, Frame)]


def read(data: bytes, cuts: list[int], *, short: bool) -> tuple[list[tuple[Opcode, bytes, bool]], int]:
    """What reads of these lengths bring, and how many of them went the short way."""
    parser, found, taken = protocol(), [], 0
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts} - {0, len(data)}), len(data)]
    for begin, end in pairwise(edges):
        piece = data[begin:end]
        if short and (text := parser.whole_text(piece)) is not None:
            found.append((Opcode.TEXT, text, True))
            taken += 1
            continue
        parser.receive_data(piece)
        assert parser.parser_exc is None
        found += [(each.opcode, bytes(each.data), each.fin) for each in received(parser)]
    return found, taken


@given(st.lists(messages(), min_size=1, max_size=5), st.lists(st.integers(0, 4000), max_size=8), st.booleans())
def test_every_cut(said: list[list[Frame]], cuts: list[int], between_frames: bool) -> None:
    """HOST-4"""
    encoded = [frame.serialize(mask=True) for message in said for frame in message]
    if between_frames:
        cuts = cuts + [sum(map(len, encoded[:number])) for number in range(len(encoded))]
    data = b"".join(encoded)
    assert read(data, cuts, short=True)[0] == read(data, cuts, short=False)[0]


def test_a_whole_message_goes_the_short_way() -> None:
    said = [Frame(Opcode.TEXT, text).serialize(mask=True) for text in (b"first", b"", b"x" * 125, b"x" * 126, b"last")]
    cuts = [sum(map(len, said[:number])) for number in range(len(said))]
    assert read(b"".join(said), cuts, short=True)[1] == len(said)


@pytest.mark.parametrize("together", [False, True])
def test_the_same_bytes_inside_a_frame_are_its_payload(together: bool) -> None:
    parser = protocol()
    first = Frame(Opcode.TEXT, b"first").serialize(mask=True)
    inner = Frame(Opcode.TEXT, b"not a message").serialize(mask=True)
    outer = Frame(Opcode.TEXT, inner).serialize(mask=False)
    head = bytes((outer[0], outer[1] | 0x80)) + b"\0\0\0\0"
    for read in [first + head] if together else [first, head]:
        parser.receive_data(read)
    assert parser.whole_text(inner) is None
    parser.receive_data(inner)
    assert [bytes(each.data) for each in received(parser)] == [b"first", inner]


def test_a_text_inside_a_message_is_a_fault() -> None:
    parser = protocol()
    parser.receive_data(Frame(Opcode.TEXT, b"first", fin=False).serialize(mask=True))
    whole = Frame(Opcode.TEXT, b"second").serialize(mask=True)
    assert parser.whole_text(whole) is None
    parser.receive_data(whole)
    assert parser.parser_exc is not None


def test_a_long_length_is_no_short_one() -> None:
    """HOST-4: a read of 133 bytes that begin a frame with a length of 64 bits."""
    data = b"\x81\xff" + (65_536).to_bytes(8, "big") + b"mask" + b"x" * 119
    assert len(data) == 6 + 127
    assert protocol().whole_text(data) is None
