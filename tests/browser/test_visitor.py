from playwright.sync_api import expect

# 气象 and what the search takes for the same: the line in listings/search/synonyms.txt.
WEATHER = {"气象", "天气", "weather", "meteorology", "meteorological"}


def test_a_visitor_finds_a_product_and_changes_the_language(visit, look):
    window = visit("", look)
    window.go("/")
    window.page.fill(".hero input[type=search]", "气象")
    window.follow(".hero form button")
    assert window.text("#found mark").lower() in WEATHER
    window.page.fill("#q", "weather")
    window.follow("#search-form .site-search button")
    expect(window.page.locator("#results-h")).to_contain_text("weather")
    assert window.page.locator("article.hit").count() > 1
    before = int(window.text("#results-h .number"))

    if not look.wide:
        window.page.click("#facets > summary")
    facet = window.page.locator("input[name=kind], input[name=class]").first
    facet.check()
    expect(window.page.locator("#found .chips a.chip").first).to_be_visible()
    window.look_over()
    after = int(window.text("#results-h .number"))
    assert 0 < after < before
    assert "=" in window.page.url.partition("?")[2]

    title = window.text("article.hit h2")
    window.follow("article.hit h2 a")
    assert window.text("h1") == title

    address = window.page.url
    window.follow("form[action*='/language/'] button")
    assert window.page.url == address
    other = "en" if look.language == "zh" else "zh-Hans"
    assert window.page.locator("html").get_attribute("lang") == other
    assert window.text("h1") != title


def test_a_search_for_nothing_says_what_to_do_next(visit, look):
    window = visit("", look)
    window.go("/market?q=zzzzqqqq")
    ways = window.page.locator("#found .empty a")
    assert ways.count() == 2
    demand = "#found .empty a[href^='/demands/new']"
    assert "q=zzzzqqqq" in window.page.get_attribute(demand, "href")
    window.follow("#found .empty a:not([href^='/demands/'])")
    assert window.page.locator("article.hit").count() > 5


def test_typing_is_completed_and_ticked_listings_are_compared(visit, look):
    window = visit("", look)
    window.go("/market")
    window.page.locator("#q").press_sequentially("qixiang", delay=20)
    option = window.page.locator("#q-completions [role=option]").first
    expect(option).to_contain_text("气象")
    window.page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    window.page.keyboard.press("Escape")
    expect(option).to_be_hidden()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("#corrected")).to_contain_text("气象")
    ticks = window.page.locator(".hit__compare input")
    for number in range(3):
        ticks.nth(number).check()
    window.follow("button[form=compare-form]")
    assert window.page.locator(".compare thead th").count() == 3
    assert window.page.locator(".compare__differs").count() > 3
    window.look_over()


def test_the_demand_board_is_read_by_anybody(visit, look):
    window = visit("", look)
    window.go("/demands/")
    title = window.text("article.hit h2")
    window.follow("article.hit h2 a")
    assert window.text("h1") == title


def test_an_unknown_address_has_a_page_with_a_way_back(visit, look):
    window = visit("", look)
    answer = window.page.goto(f"{window.site}/listings/prd_zzzzzzz")
    assert answer.status == 404
    assert all("404" in said for said in window.complaints), window.complaints
    window.complaints.clear()  # the browser itself reports the status
    window.look_over()
    window.follow("main a.btn")
    assert window.page.url == f"{window.site}/"
