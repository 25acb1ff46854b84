-- indicator: S1
-- title_zh: 挂牌产品数
-- title_en: Products listed
-- definition_zh: 期末（北京时间）仍在挂牌的产品数：累计上架减累计摘牌。
-- definition_en: Products that are listed at the end of the period (Beijing time): all that were published less all that were delisted.
-- unit_zh: 个产品
-- unit_en: products
-- source: events
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region data_region supply
-- measures: listed
-- disclosure: public
WITH periods AS (
    SELECT
        substr(month, 1, $width) AS period,
        max(month) AS last
    FROM (SELECT month FROM events UNION SELECT month FROM trades)
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
)
SELECT
    period
    , class -- by
    , cast(sum(CASE event WHEN 'listed' THEN 1 ELSE -1 END) AS BIGINT) AS listed
FROM periods
INNER JOIN events ON events.month <= periods.last
WHERE event IN ('listed', 'delisted')
GROUP BY ALL
ORDER BY ALL
