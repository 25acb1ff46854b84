"""An application opens with a token; seats are kept, given back, never too many."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from marketplace.applications import seats, tokens
from marketplace.applications.tables import seats as table
from marketplace.members import users
from settlement import clock
from settlement.errors import Refusal
from settlement.ids import decode
from settlement.tables import entitlements
from tests import seating
from tests.programs import program
from tests.visitors import app, bearer, config, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "program", "visit"]


@pytest.fixture
def sold(program):
    return seating.application(program, offline_h=8)


def call(app, what, token):
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().post(f"/api/seats/{what}", headers=headers)


def claims(app, token):
    keys = KeySet.import_key_set(app.test_client().get("/.well-known/jwks.json").json)
    return jwt.decode(token, keys, algorithms=["ES256"])


def test_a_token_says_whose_right_it_is_until_its_seat_ends(app, program, sold, parts):
    product, right = sold
    made = program("buyer").made(f"/entitlements/{right}/seats", {"name": "Ann"})
    assert made["launch"] == f"{seating.URL}#token={made['token']}"
    found = claims(app, made["token"])
    assert found.header["typ"] == "entitlement+jwt"
    said = found.claims
    assert said["aud"] == product
    assert said["sub"] == program("buyer").read("/me")["member"]
    assert (said["entitlement"], said["jti"]) == (right, made["seat"]["id"])
    assert (said["purpose"], said["seat"], said["seats"]) == ("internal_analysis", 1, 3)
    assert said["exp"] == made["seat"]["until_us"] // clock.SECOND_US
    assert said["exp"] - said["iat"] == 600
    kept = call(app, "heartbeat", made["token"])
    assert kept.status_code == 200
    assert claims(app, kept.json["token"]).claims["jti"] == said["jti"]
    assert (
        program("buyer").read(f"/entitlements/{right}/seats")["data"][0]["beats"] == 1
    )
    assert claims(app, kept.json["token"]).claims["beats"] == 1
    for what in ("heartbeat", "return"):  # the launch token has had its day
        assert call(app, what, made["token"]).json["code"] == "seat_token_replaced"
    assert call(app, "return", kept.json["token"]).status_code == 204
    assert call(app, "heartbeat", made["token"]).json["code"] == "seat_gone"
    signed = parts.seal.sign(json.dumps(said))  # of another kind
    over = parts.seal.sign(json.dumps(said | {"exp": 1}), tokens.KIND)
    for bad in ("", "x.y.z", made["token"][:-4] + "AAAA", signed, over):
        assert call(app, "heartbeat", bad).status_code == 401


def test_seats_are_never_too_many_and_free_again_once_they_lapse(program, sold, parts):
    _, right = sold
    path, buyer = f"/entitlements/{right}/seats", program("buyer")
    made = [buyer.made(path, {"name": name}) for name in ("Ann", "Bob", "Cat")]
    full = buyer.post(path, {"name": "Dan"})
    assert (full.status_code, full.json["code"]) == (409, "seats_taken")
    assert buyer.delete(f"/seats/{made[1]['seat']['id']}").status_code == 204
    assert buyer.made(path, {"name": "Dan"})["seat"]["place"] == 2
    with parts.writes.begin() as db:
        first = decode("seat", made[0]["seat"]["id"])
        db.execute(update(table).where(table.c.id == first).values(until_us=1))
    assert buyer.made(path, {"name": "Eve"})["seat"]["place"] == 1
    assert buyer.post(path, {"name": "Fay"}).status_code == 409
    assert buyer.post(path, {"name": "Fay", "hours": 9}).status_code == 422
    assert program("vendor").post(path, {"name": "x"}).status_code in (403, 404)


def test_hours_offline_hold_the_seat_and_the_end_of_the_right_ends_it(
    app, program, sold, parts
):
    _, right = sold
    path, number = f"/entitlements/{right}/seats", decode("entitlement", right)
    made = program("buyer").made(path, {"name": "Ann", "hours": 8})
    lasts = made["seat"]["until_us"] - made["seat"]["out_us"]
    assert lasts == 8 * clock.HOUR_US
    ends = clock.now_us() + clock.HOUR_US
    with parts.writes.begin() as db:
        mine = update(entitlements).where(entitlements.c.id == number)
        db.execute(mine.values(until_us=ends))
    kept = call(app, "heartbeat", made["token"]).json
    assert kept["until_us"] == ends
    with parts.writes.begin() as db:
        db.execute(mine.values(state="suspended"))
    assert call(app, "heartbeat", kept["token"]).json["code"] == "right_ended"
    assert program("buyer").post(path, {"name": "Bob"}).status_code == 403


def test_a_seat_given_back_stays_taken_while_its_offline_token_is_good(
    app, program, visit
):
    _, right = seating.application(program, seats=1, offline_h=8)
    path, buyer = f"/entitlements/{right}/seats", program("buyer")
    made = buyer.made(path, {"name": "Ann", "hours": 8})
    assert call(app, "return", made["token"]).status_code == 204
    assert call(app, "heartbeat", made["token"]).json["code"] == "seat_token_replaced"
    assert buyer.post(path, {"name": "Bob"}).json["code"] == "seats_taken"
    (seat,) = buyer.read(path)["data"]
    assert seat["until_us"] == made["seat"]["until_us"]
    page = f"/rights/{right}"
    assert visit("buyer").post(f"{page}/seats/{seat['id']}/return").status_code == 303
    assert buyer.post(path, {"name": "Bob"}).status_code == 409


def test_seats_above_the_units_left_after_a_sale_end_and_none_is_out_offline(
    app, program, parts
):
    _, right = seating.application(program, seats=1, offline_h=8, resold=True, units=3)
    path, buyer = f"/entitlements/{right}/seats", program("buyer")
    assert "hours" in buyer.post(path, {"name": "A", "hours": 1}).json["problems"]
    made = [buyer.made(path, {"name": name}) for name in ("Ann", "Bob", "Cat")]
    mine = entitlements.c.id == decode("entitlement", right)
    with parts.writes.begin() as db:  # as two units are sold on
        db.execute(update(entitlements).where(mine).values(quantity=1))
    kept = [call(app, "heartbeat", one["token"]).status_code for one in made]
    assert kept == [200, 409, 409]
    assert buyer.delete(f"/seats/{made[0]['seat']['id']}").status_code == 204
    assert buyer.post(path, {"name": "Dan"}).json["code"] == "seats_taken"


def test_a_disabled_user_keeps_no_seat(app, program, sold, parts, people):
    made = program("buyer").made(f"/entitlements/{sold[1]}/seats", {"name": "Ann"})
    with parts.writes.begin() as db:
        users.set_disabled(db, people["buyer"].id, disabled=True)
    assert call(app, "heartbeat", made["token"]).json["code"] == "seat_gone"


def test_twenty_at_once_never_get_more_seats_than_there_are(
    program, sold, parts, people
):
    number, barrier = decode("entitlement", sold[1]), Barrier(20)

    def take(name):
        barrier.wait()
        try:
            with parts.writes.begin() as db:
                return seats.take(db, people["buyer"], number, name).place
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(take, [f"user {i}" for i in range(20)]))
    assert sorted(one for one in found if isinstance(one, int)) == [1, 2, 3]
    assert found.count("seats_taken") == 17


def test_the_pages_open_an_application_and_say_where_it_is(program, sold, visit):
    product, right = sold
    vendor, buyer = visit("vendor"), visit("buyer")
    where = f"/vendor/products/{product}/application"
    assert seating.URL in vendor.get(where).text
    assert vendor.post(where, url="http://x.example", offline_h="0").status_code == 422
    hashed = vendor.post(where, url=seating.URL + "#x", offline_h="0")
    assert hashed.status_code == 422
    assert vendor.post(where, url=seating.URL, offline_h="2").status_code == 303
    assert visit("other").get(where).status_code == 404
    page = f"/rights/{right}"
    opened = buyer.post(f"{page}/seats", name="Ann", hours="1")
    assert opened.status_code == 200
    assert f"{seating.URL}#token=" in opened.text
    assert "token=" not in buyer.get(page).text
    seat = program("buyer").read(f"/entitlements/{right}/seats")["data"][0]["id"]
    assert buyer.post(f"{page}/seats/{seat}/return").status_code == 303
    assert buyer.post(f"{page}/seats", name="Ann", hours="99").status_code == 422
