"""A member's profile by the pages, the API, and on the certificate."""

import re

from marketplace.community import notices
from tests.flows.market import listed, location

ASKED = {"representative": "李明", "address": "上海市演示路 1 号"}


def test_an_approved_profile_stands_on_the_next_certificate(visit, parts):
    vendor, registrar = visit("vendor"), visit("registrar")
    location(vendor.post("/account/profile", **ASKED))
    assert "李明" in vendor.get("/account").text
    desk = registrar.get("/staff/members").text
    member = re.findall(r"/staff/members/(mem_\w+)#profile-h", desk)[0]
    case = registrar.get(f"/staff/members/{member}").text
    action = re.findall(r'action="(/staff/members/mem_\w+/profile/prf_\w+)"', case)[0]
    assert vendor.post(action, answer="approve").status_code == 403
    assert registrar.post(action, answer="decline").status_code == 422  # no reason
    location(registrar.post(action, answer="approve"))
    assert registrar.post(action, answer="approve").status_code == 409
    with parts.reads.connect() as db:
        (told, *_) = notices.of_member(db, vendor.user.member)
    assert told.kind == "profile_approved"
    product = listed(vendor, registrar)
    number = re.findall(r"reg_\w+", visit("").get(f"/listings/{product}").text)[0]
    said = visit("").get(f"/certificates/{number}/json").json["content"]["subject"]
    assert ASKED.items() <= said.items()
    assert visit("").get(f"/certificates/{number}/pdf").data.startswith(b"%PDF")


def test_a_program_reads_profiles_and_decides_on_them(app, visit, people, bearer):
    location(visit("vendor").post("/account/profile", **ASKED))
    client, key = app.test_client(), bearer("vendor", "read")
    said = client.get("/api/v1/profile", headers=key).json
    assert said == {"representative": "", "address": "", "waits": True}
    registrar = bearer("registrar", "read", "staff")
    member = f"/api/v1/staff/members/mem_{people['vendor'].member:07}"
    asked = client.get(member, headers=registrar).json["profile_request"]
    path = f"/api/v1/staff/profiles/{asked['id']}/decision"
    done = client.post(path, json={"approve": True}, headers=registrar)
    assert done.json["representative"] == "李明"
    location(visit("vendor").post("/account/profile", **(ASKED | {"address": "2"})))
    location(visit("vendor").post("/account/profile/withdraw"))
    assert client.get("/api/v1/profile", headers=key).json["waits"] is False
