"""The money desk in a browser: a break ended by two, a month looked at, a revenue."""

from tests.browser.window import Look

OFFICER, APPROVER = "settlement-officer", "settlement-approver"
ENGLISH, CHINESE = Look("en", 1280), Look("zh", 390)
ROW = "main tbody tr:has-text('BK-UNKNOWN'), main tbody tr:has-text('2207')"


def test_a_break_is_ended_by_two_persons(visit):
    officer, approver = visit(OFFICER, ENGLISH), visit(APPROVER, CHINESE)
    officer.go("/staff/reconciliation")
    officer.page.click(f"{ROW} >> details > summary")
    officer.page.fill(f"{ROW} >> [name=reason]", "The payer's letter names the goods.")
    officer.follow(f"{ROW} >> form[action$='/propose'] button")
    assert officer.page.locator(f"{ROW} >> form[action$='/decide']").count() == 1
    approver.go("/staff/reconciliation")
    approver.follow(f"{ROW} >> form:has([value=approve]) button")
    officer.go("/staff/reconciliation")
    assert officer.page.locator(ROW).count() == 0


def test_the_desk_looks_at_a_month_and_its_accounts(visit, other_look):
    officer = visit(OFFICER, other_look)
    officer.go("/staff/closings")
    officer.follow("main section[aria-labelledby=next-h] a.btn")
    assert (
        officer.page.locator("main section[aria-labelledby=checks-h] li").count() == 5
    )
    assert officer.page.locator("#lines-h").is_visible()
    officer.follow("main form[action$='/audit'] button")
    assert officer.page.locator("main .refusal").count() == 0


def test_allowed_revenue_stands_beside_what_was_taken(visit, other_look):
    registrar = visit("registrar", other_look)
    registrar.go("/staff/public-data")
    registrar.follow("main tbody th a, main section ul a")
    registrar.follow("main a[href$='/revenue']")
    year = registrar.page.evaluate("String(new Date().getFullYear())")
    registrar.page.fill("#f-year", year)
    registrar.page.fill("#f-amount", "1000.00")
    registrar.page.fill("#f-basis", "发改价格〔2025〕65号")
    registrar.follow("main form[action$='/revenue'] button")
    assert "1,000.00" in registrar.text("main table")
