"""The socket: the same answers as within the process; when it breaks, no false ones."""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from marketplace.trading import commands as c
from marketplace.trading.gateway import Gateway, open_gateway
from marketplace.trading.timetable import Timetable
from marketplace.trading.wire import Wire, WriterServer, dial, listen
from settlement import store
from settlement import tables as s
from settlement.errors import (
    ExchangeHalted,
    InsufficientBalance,
    KeyReuse,
    OutcomeUnknown,
    Refusal,
)
from tests.floor import (
    BUY,
    CAT,
    bid,
    count,
    line,
    opening,
    proven,
    trading,
    wait_until,
)


@pytest.fixture(params=["unix", "tcp"])
def url(request, tmp_path):
    """The URL of a socket that nobody listens on yet."""
    if request.param == "unix":
        return f"unix:{tmp_path / 'writer.sock'}"
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"tcp:127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def served(database_url, url):
    """Give the exchange that is served at *url*; then the writer goes away."""
    with trading(database_url) as gateway:
        server = WriterServer(url, gateway._door)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield gateway._door
        finally:
            server.stop()
            thread.join(timeout=5)


@pytest.fixture
def worker(sqlite_url, url):
    """A gateway of a web worker to the writer's socket."""
    reads = store.connect(sqlite_url)
    gateway = Gateway(Wire(url), reads)
    yield gateway
    gateway.close()
    reads.dispose()


COMMANDS = [
    BUY,
    bid(),
    bid(quantity=3),
    c.PlaceBasket(CAT, CAT, (BUY.line, line("buy", 11, 10**9), line("buy", 8, 2))),
    c.ReduceOrder(CAT, CAT, 4, 1),
    c.CancelOrder(CAT, CAT, 3),
    c.CancelAll(CAT, CAT),
    c.GrantRight(901, CAT, 1_000, 2, "analysis"),
    c.Deliver(CAT, CAT, 1, 5, "ab" * 32, 9),
    c.RequestPayin(CAT, CAT, 1, 5, "工商银行"),
    c.ConfirmPayin(901, 3),
    c.RequestPayout(CAT, CAT, 1, 5, "bank"),
    c.PublishFees(901, 300),
    c.SetPhase(901, 1_000, "call", 12),
    bid(price=12, quantity=2),
    c.Uncross(901, 1_000),
    c.SetTimetable(901, 1_000, Timetable(480, (0,), (), ((60, "uncross"),))),
    c.SetPhase(901, 1_000, "continuous"),
    c.SetAudience(901, 1_000, (3,), True),
    bid(),
    c.SetAudience(901, 1_000, None, False),
    c.SetConsents(901, 1_000, ((3, "display"),)),
    bid(purpose="display"),
    c.SetConsents(901, 1_000, ()),
    c.SuspendInstrument(901, 1_000),
    BUY,
    c.CancelOrder(CAT, CAT, 99),
    c.PlaceOrder(CAT, CAT, line("buy", 9, 1, purpose="\ud800")),
    c.PlaceOrder(77, 77, BUY.line),
    c.DelistInstrument(901, 1_000),
    c.Tick(),
]


def answers(gateway):
    """Return what a gateway answers to every kind of command."""
    given = []
    for number, command in enumerate(COMMANDS):
        try:
            outcome = gateway.submit(command, key=f"k{number}")
            given.append((outcome.seq, outcome.result))
        except Refusal as refusal:
            given.append((type(refusal), refusal.facts()))
    return given


def test_the_socket_answers_as_the_process_does(worker, sqlite_url, url, tmp_path):
    with trading(f"sqlite:///{tmp_path / 'twin.db'}") as inline:
        expected = answers(inline)
    with served(sqlite_url, url) as writer:
        assert answers(worker) == expected
        assert answers(worker) == expected  # each key gives its answer again
        assert proven(writer._engine) == len(opening()) + len(COMMANDS)


def test_many_askers_share_one_line(worker, sqlite_url, url):
    with served(sqlite_url, url) as writer, ThreadPoolExecutor(16) as askers:
        asked = [askers.submit(worker.submit, BUY) for _ in range(100)]
        assert len({answer.result().seq for answer in asked}) == 100
        assert proven(writer._engine) == len(opening()) + 100


def test_the_writers_state_is_told(worker, sqlite_url, url):
    assert worker.status().halted
    with served(sqlite_url, url) as writer:
        assert worker.status() == writer.status()


def test_without_a_writer_nothing_is_done_and_said_so(worker):
    with pytest.raises(ExchangeHalted):
        worker.submit(BUY)


def test_a_worker_finds_the_writer_again_after_its_restart(worker, sqlite_url, url):
    with served(sqlite_url, url):
        first = worker.submit(BUY, key="k")
    with pytest.raises(ExchangeHalted):
        worker.submit(BUY)
    worker.close()  # the end of the writer's process would break the line
    with served(sqlite_url, url) as writer:
        assert worker.submit(BUY, key="k") == first
        second = worker.submit(BUY)
        assert second.seq == first.seq + 1
        assert count(writer._engine, s.trades) == 2


def test_refusals_keep_their_kind_and_facts(worker, sqlite_url, url):
    with served(sqlite_url, url):
        with pytest.raises(InsufficientBalance) as refused:
            worker.submit(bid(quantity=10**6))
        assert refused.value.needed == 9 * 10**6
        worker.submit(BUY, key="k")
        with pytest.raises(KeyReuse):
            worker.submit(bid(), key="k")


@pytest.mark.parametrize(
    "sent",
    [b"", b'[1,"done",5,5', b"[]\n", b"x\n", b'[1,"done",5,5,1]\n', b"[9]\n"],
)
def test_a_line_that_breaks_leaves_the_outcome_unknown(worker, url, sent):
    """A writer that takes the order and dies before, or within, its answer."""
    server = listen(url)

    def die():
        connection, _ = server.accept()
        with connection:
            connection.recv(1_000)
            connection.sendall(sent)

    threading.Thread(target=die, daemon=True).start()
    with pytest.raises(OutcomeUnknown):
        worker._door.enter(ticket := _ticket())
        ticket.wait()
    server.close()


def test_an_old_line_takes_no_asker_of_a_new_one_with_it(worker, url):
    server = listen(url)
    worker._door.enter(first := _ticket())
    old, _ = server.accept()
    worker._door._connection = None  # as after a failed send
    worker._door.enter(second := _ticket())
    new, _ = server.accept()
    old.close()
    with pytest.raises(OutcomeUnknown):
        first.wait()
    assert second.answer is None
    number = json.loads(new.makefile().readline())[0]
    placed = '[1,"filled",0,0,null,[]]'
    new.sendall(f'[{number},"done",7,9,{placed}]\n'.encode())
    assert second.wait().seq == 7
    new.close()
    server.close()


def test_a_failed_dial_leaves_those_who_wait_alone(worker, url):
    server = listen(url)
    worker._door.enter(first := _ticket())
    line_, _ = server.accept()
    server.close()
    if url.startswith("unix:"):
        from pathlib import Path

        Path(url.partition(":")[2]).unlink()
    worker._door._connection = None
    with pytest.raises(ExchangeHalted):
        worker._door.enter(_ticket())
    line_.close()
    with pytest.raises(OutcomeUnknown):
        first.wait()


@pytest.mark.parametrize(
    "sent",
    [b"\n", b"{}\n", b"5\n", b"[1]\n", b'[1,"Nothing",[],null]\n', b"\xff\xfe\n",
     b'[1,"Tick",[1,2,3],null]\n', b"[" * 5_000 + b"\n"],
)  # fmt: skip
def test_the_writer_survives_what_is_no_command(worker, sqlite_url, url, sent):
    with served(sqlite_url, url) as writer:
        odd = dial(url)
        odd.sendall(sent)
        odd.settimeout(5)
        assert odd.recv(10) == b""
        odd.close()
        assert worker.submit(BUY).result.trades
        assert not writer.status().halted


def test_a_command_cut_off_before_its_end_is_not_carried_out(worker, sqlite_url, url):
    whole = json.dumps([1, "CancelAll", [CAT, CAT, None], None]).encode()
    with served(sqlite_url, url) as writer:
        recorded = writer.status().seq
        cut = dial(url)
        cut.sendall(whole)  # all but the end of the line
        cut.shutdown(socket.SHUT_WR)
        cut.settimeout(5)
        assert cut.recv(10) == b""
        cut.close()
        assert worker.submit(BUY).seq == recorded + 1


def test_hanging_up_leaves_no_thread_behind(sqlite_url, url):
    with served(sqlite_url, url) as writer:
        before = threading.active_count()
        for _ in range(10):
            gone = dial(url)
            lines = [json.dumps([n, "Tick", [], None]) for n in range(20)]
            gone.sendall(("\n".join(lines) + "\n").encode())
            gone.close()
        wait_until(lambda: threading.active_count() <= before)
        assert not writer.status().halted


def test_only_the_owner_may_speak_to_a_unix_socket(tmp_path):
    path = tmp_path / "writer.sock"
    server = listen(f"unix:{path}")
    assert path.stat().st_mode & 0o777 == 0o600
    server.close()
    listen(f"unix:{path}").close()  # a stale one is replaced


def test_a_gateway_is_opened_by_its_url(sqlite_url, url):
    reads = store.connect(sqlite_url)
    gateway = open_gateway(url, reads, reads)
    with served(sqlite_url, url):
        assert gateway.submit(BUY).result.trades
    gateway.close()
    reads.dispose()


def _ticket():
    from marketplace.trading.ticket import Ticket

    return Ticket(BUY, None)
