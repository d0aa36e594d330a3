"""The parts of the jail that need no jail: frames, reports, the system call filter."""

import json
import os
import struct

from hypothesis import given
from hypothesis import strategies as st

from crossjudge.worker.jail import frames, observing, syscalls


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_frames_come_out_as_they_went_in(bodies: list[bytes]) -> None:
    reading, writing = os.pipe()
    try:
        for body in bodies:
            frames.write_frame(writing, body)
        os.close(writing)
        assert [frames.read_frame(reading) for _ in bodies] == bodies
        assert frames.read_frame(reading) is None
    finally:
        os.close(reading)


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(0, 300))
def test_what_is_cut_off_in_the_middle_of_a_frame_is_left_out(bodies: list[bytes], length: int) -> None:
    data = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    found = frames.split(data[:length], len(bodies))
    assert found == bodies[: len(found)]
    assert frames.split(data, len(bodies)) == bodies


@given(st.binary(max_size=400))
def test_no_bytes_of_a_cell_make_a_report_of_the_wrong_form(data: bytes) -> None:
    report = observing.read_report(data)
    assert all(observing._FIELDS[name](value) for name, value in report.items())


@given(
    st.dictionaries(
        st.sampled_from(["said", "phase", "message", "used", "output", "value", "verdict"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()),
    )
)
def test_fields_of_the_wrong_type_are_left_out(fields: dict[str, object]) -> None:
    report = observing.read_report(json.dumps(fields).encode())
    assert set(report) <= set(fields) & set(observing._FIELDS)
    assert "verdict" not in report
    if "message" in report:
        assert len(report["message"]) <= observing.MAX_MESSAGE


@given(st.text())
def test_a_message_is_printable_and_of_bounded_length(text: str) -> None:
    cleaned = observing.clean(text)
    assert len(cleaned) <= observing.MAX_MESSAGE
    assert "\x1b" not in cleaned
    cleaned.encode("utf-8")


def test_a_pipe_is_drained_past_its_cap() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    drain = observing.Drain(reading, 10)
    for _ in range(20):
        os.write(writing, b"x" * 1000)
        drain.read()
    os.write(writing, b"the end")
    os.close(writing)
    drain.finish()
    assert (bytes(drain.head), drain.size, drain.is_cut) == (b"x" * 10, 20_007, True)
    assert drain.tail.endswith("the end")


def test_every_jump_of_the_filter_lands_inside_it_and_it_ends_by_returning() -> None:
    program = syscalls.build_program()
    lines = list(struct.iter_unpack("=HBBI", program))
    for place, (code, if_true, if_false, _) in enumerate(lines):
        if code & 0x07 == 0x05:
            assert place + 1 + max(if_true, if_false) < len(lines)
    assert lines[-1][0] == 0x06
    assert len(lines) < 4096
