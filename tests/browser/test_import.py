"""A vendor brings a table in GBK, corrects a column, and gets drafts."""

VENDOR = "haiheng"
TABLE = (
    "编号,产品名称,所属行业,更新频率,价格(元/年),说一说\n"
    "GBK-1,港口作业量,交通运输,每日,1200,第一条\n"
    "GBK-2,集装箱周转,玄学,每日,面议,第二条\n"
)


def test_a_table_in_gbk_becomes_drafts(visit, other_look):
    vendor = visit(VENDOR, other_look)
    vendor.go("/vendor/imports")
    name = f"目录-{other_look}.csv"
    file = {"name": name, "mimeType": "text/csv", "buffer": TABLE.encode("gbk")}
    vendor.page.set_input_files("#f-file", file)
    vendor.follow("form[enctype] button")
    assert vendor.page.locator("#f-encoding").input_value() == "gb18030"
    columns = vendor.page.locator("select[name^='field-']")
    chosen = [columns.nth(n).input_value() for n in range(columns.count())]
    assert chosen == ["id", "title", "sector", "updates", "price", ""]
    columns.nth(5).select_option("description")
    vendor.follow("form[action$='/settings'] button")
    assert columns.nth(5).input_value() == "description"
    assert "玄学" not in vendor.text("h1")
    vendor.follow("form[action$='/drafts'] button")
    made = vendor.text("main dl.stats")
    assert "2" in made
    vendor.follow("main th a")
    assert vendor.page.locator("#f-description_zh").input_value() in {
        "第一条",
        "第二条",
    }


def test_a_listing_and_the_help_tell_of_the_formats(visit, other_look):
    nobody = visit("", other_look)
    nobody.go("/help/formats")
    nobody.glance("/market")
    nobody.follow("main a[href^='/listings/']")
    assert nobody.page.locator("#formats a[href$='.ttl']").count() == 1
