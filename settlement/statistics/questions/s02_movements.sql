-- indicator: S2
-- title_zh: 新增挂牌与摘牌
-- title_en: New listings and delistings
-- definition_zh: 期间内上架与摘牌的次数。
-- definition_en: How many products were published on the market, and taken off it, in the period.
-- unit_zh: 个产品
-- unit_en: products
-- source: events
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region data_region supply
-- measures: listed delisted
-- disclosure: public
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , count(*) FILTER (WHERE event = 'listed') AS listed
    , count(*) FILTER (WHERE event = 'delisted') AS delisted
FROM events
WHERE month >= $from_month AND month <= $until_month
    AND event IN ('listed', 'delisted')
GROUP BY ALL
ORDER BY ALL
