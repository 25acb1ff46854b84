from tests.browser.conftest import sign_in
from tests.browser.market import free_cny
from tests.browser.window import Look

BUYER, OFFICER, APPROVER = "shuqiao", "settlement-officer", "settlement-approver"
ENGLISH = Look("en", 1280)


def test_money_leaves_over_two_persons(visit, other_look):
    member = visit(BUYER, other_look)
    free = free_cny(member)
    account = f"BANK {other_look}"
    member.page.fill("#f-payout_amount", "321.00")
    member.page.fill("#f-destination", account)
    member.follow("form[action$='/cash/payouts'] button")
    assert free_cny(member) == free - 321_00

    officer, approver = visit(OFFICER, other_look), visit(APPROVER, other_look)
    row = f"tr:has-text('{account}')"
    officer.go("/staff/money")
    assert officer.page.locator(f"{row} form[action$='/approve']").count() == 0
    approver.go("/staff/money")
    approver.follow(f"{row} form[action$='/approve'] button")
    assert approver.page.locator(f"{row} form[action$='/pay']").count() == 0
    officer.go("/staff/money")
    officer.follow(f"{row} form[action$='/pay'] button")
    assert officer.page.locator(row).count() == 0
    member.go("/cash/")
    assert member.page.locator(f"{row} .state--good").count() == 1


def test_nobody_pays_what_they_approved_themselves(visit, command):
    roles = ("settlement_officer", "settlement_approver")
    said = command("member", "staff", "both@databourse.example", *roles)
    both = visit("", ENGLISH)
    sign_in(both, "both", said.split()[-1])
    member = visit(BUYER, ENGLISH)
    member.go("/cash/")
    member.page.fill("#f-payout_amount", "7.00")
    member.page.fill("#f-destination", "BANK twice")
    member.follow("form[action$='/cash/payouts'] button")
    both.go("/staff/money")
    row = "tr:has-text('BANK twice')"
    both.follow(f"{row} form[action$='/approve'] button")
    with both.page.expect_navigation():
        both.page.click(f"{row} form[action$='/pay'] button")
    assert both.complaints  # the browser reports the status of the refusal
    both.complaints.clear()
    both.look_over()
    assert "second person" in both.text(".refusal")
    assert both.page.locator(f"{row} form[action$='/pay']").count() == 1


def test_nobody_without_the_role_approves_by_an_address(visit):
    member = visit(BUYER, ENGLISH)
    member.go("/cash/")
    member.page.fill("#f-payout_amount", "5.00")
    member.page.fill("#f-destination", "BANK own")
    member.follow("form[action$='/cash/payouts'] button")
    approver, officer = visit(APPROVER, ENGLISH), visit(OFFICER, ENGLISH)
    approver.go("/staff/money")
    address = approver.page.locator(
        "tr:has-text('BANK own') form[action$='/approve']"
    ).get_attribute("action")
    for other in (member, officer):
        token = other.page.locator("[name=csrf_token] >> nth=0")
        other.go("/")
        answer = other.page.context.request.post(
            other.site + address, form={"csrf_token": token.input_value()}
        )
        assert answer.status == 403


def test_the_desk_shows_the_trial_balance_everywhere(visit, other_look):
    admin = visit("admin", other_look)
    pages = ("", "money", "members", "listings", "trades")
    for page in pages:
        admin.go(f"/staff/{page}")
        assert "0" in admin.text(".trial")
    admin.go("/staff/members?state=verified")
    admin.follow("main table a")
