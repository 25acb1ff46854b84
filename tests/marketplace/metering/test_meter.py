"""A full disk costs the note that was cut, and no other."""

import os

import pytest

from marketplace.metering.meter import SUFFIX, Answered, Begun, Meter, files, notes

CALL = Begun(0, 1, 2, 3, 0, 5, "GET", "a")
ANSWERED = Answered(200, "", 1, 1, 1, 1, 1)


def test_a_note_that_was_cut_short_spoils_no_other(tmp_path, monkeypatch):
    meter = Meter(tmp_path)
    file, first = meter.begin(CALL)
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda to, data: write(to, data[:10]))
        with pytest.raises(OSError, match="cut short"):
            meter.end(file, first, ANSWERED)
    file, second = meter.begin(CALL)
    place = meter.end(file, second, ANSWERED)
    (path,) = files(tmp_path)
    found, end = notes(path, 0)
    assert [(n.begun.number, n.answered) for n in found] == [
        (1, None),
        (2, None),
        (2, ANSWERED),
    ]
    assert found[-1].place == place
    assert end == path.stat().st_size
    assert path.suffix == SUFFIX
    meter.close()
