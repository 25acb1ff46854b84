"""Hostile questions: none is run, and none reaches a file, a setting, another's."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from listings.cleanroom import asking
from listings.cleanroom.asking import QueryLimit, ask
from listings.cleanroom.expressions import NotAllowed
from listings.cleanroom.groupings import Grouped
from listings.cleanroom.settings import Group, Shown
from listings.files import Storage
from tests.listings.cleanroom.room import ROWS, Asker, grouped

CORPUS = [
    line
    for line in Path(__file__).with_name("hostile.txt").read_text().split("\n")[:-1]
    if not line.startswith("# ──")
]
FULL = os.environ.get("DATABOURSE_TEST_FULL", "") not in {"", "0"}
IN_CHILD = CORPUS if FULL else CORPUS[::130]
STOPPED_S = 3.5  # and what a busy machine takes to end a process
WIDE = "SELECT i AS a, 1 AS amount FROM range(5000) t(i), range(6)"


@pytest.fixture(scope="module")
def asker(tmp_path_factory):
    return Asker(grouped(tmp_path_factory.mktemp("groups"), ROWS))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Storage with the groups of a wide table, which any three-fold join overruns."""
    folder = tmp_path_factory.mktemp("wide")
    shown = Shown("sales", (Group("a"),), ("amount",))
    made = grouped(folder, WIDE, shown, 5)
    storage = Storage(f"file:{folder / 'kept'}")
    with made.path.open("rb") as content:
        key = storage.put(content).key
    return storage, Grouped("sales", key, made.facts)


def test_there_are_many():
    assert len(set(CORPUS)) >= 400


def test_no_hostile_question_is_answered(asker):
    before = asker.db.execute("SELECT sum(n) FROM t0").fetchall()
    answered = []
    for text in CORPUS:
        with suppress(NotAllowed):
            answered.append((text, asker.read(text).sql))
    assert answered == []
    assert asker.db.execute("SELECT sum(n) FROM t0").fetchall() == before


def test_the_child_refuses_them_too(kept):
    storage, table = kept
    for text in IN_CHILD:
        begun = time.monotonic()
        with pytest.raises((NotAllowed, QueryLimit)):
            ask(storage, [table], text)
        assert time.monotonic() - begun < STOPPED_S, text


def test_what_is_allowed_but_endless_is_stopped_on_time(kept):
    storage, table = kept
    text = "SELECT a.a + b.a + c.a, count(*) FROM sales a, sales b, sales c GROUP BY 1"
    begun = time.monotonic()
    with pytest.raises(QueryLimit):
        ask(storage, [table], text)
    assert time.monotonic() - begun < STOPPED_S


def test_what_watches_stops_a_question_at_once(kept):
    storage, table = kept
    begun = time.monotonic()

    def ended() -> None:
        raise NotAllowed("right_ended")

    with pytest.raises(NotAllowed, match="right_ended"):
        ask(storage, [table], "SELECT count(*) FROM sales a, sales b, sales c", ended)
    assert time.monotonic() - begun < 1


def test_a_long_or_deep_question_is_refused_before_it_is_parsed():
    for text in ("SELECT " + "(" * 500, "x" * 5_000, "a\x00b", "\ud800", " \n "):
        with pytest.raises(NotAllowed):
            asking.check_text(text)


def test_deep_trees_are_refused(asker):
    deep = "1" + " + 1" * 900
    for text in (
        f"SELECT {deep}, count(*) FROM sales",
        f"SELECT {'NOT ' * 900} true, count(*) FROM sales",
        f"SELECT count(*) FROM sales WHERE {'- ' * 900} 1 > 0",
    ):
        with pytest.raises(NotAllowed):
            asker.read(text)


def test_a_sealed_process_opens_no_file_and_ends_no_other():
    tries = """
import os, socket, signal
from listings.quality.sandbox import confine, seal
confine(); seal()
def tried(what):
    try:
        what()
        return "done"
    except OSError as error:
        return error.errno
print([tried(what) for what in (
    lambda: open("/etc/hostname"), lambda: open("x", "w"), lambda: os.open("/", 0),
    lambda: os.unlink("/home/x"), lambda: os.mkdir("y"), lambda: os.rename("x", "z"),
    lambda: socket.socket(), lambda: os.kill(os.getppid(), 0),
    lambda: os.execv("/bin/true", ["true"]), lambda: os.symlink("a", "b"))])
"""
    command = [sys.executable, "-c", tries]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.stdout.strip() == str([1] * 10), run.stderr
