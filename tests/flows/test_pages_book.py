"""The room of an instrument: drawn whole, refreshed in parts, followed by a browser."""

import re

from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]


def test_the_room_shows_ladder_ticket_candles_and_the_members_own(
    visit, program, sun, tell
):
    page = f"/listings/{sun.product}/book"
    public = visit("").get(page).text
    assert "¥12.00" in public
    assert "尚无公布的成交" in public  # no candle and no trade yet
    assert 'id="mine"' not in public
    assert f'data-stream="{page}/stream?instrument={sun.instrument}"' in public

    pay_in(program, "buyer", 9000)
    order = program("buyer").made("/orders", buy(sun, price=900, time_in_force="GTC"))[
        "order"
    ]
    program("buyer").made("/orders", buy(sun))
    buyer = visit("buyer")
    room = buyer.get(page).text
    assert order in room
    assert "我在此的成交（即时）" in room  # before the public is told
    assert "data-chart" in room  # the depth of the bid
    assert order in buyer.get(f"{page}/mine").text
    assert order not in visit("other").get(f"{page}/mine").text
    assert visit("").get(f"{page}/mine").status_code == 303
    assert "¥9.00" in visit("").get(f"{page}/levels").text

    tell()
    for width in ("minute", "hour", "day", "week", "month"):
        drawn = visit("").get(f"{page}?width={width}").text
        assert re.search(r"<td class=\"number\">¥12.00</td>", drawn), width
    assert visit("").get(f"{page}?width=century").status_code == 422

    stream = visit("").get(f"{page}/stream")
    assert stream.mimetype == "text/event-stream"
    assert '"offer":1200' in stream.text
    assert order in buyer.get("/orders/stream").text
    assert visit("").get("/orders/stream").status_code == 303
