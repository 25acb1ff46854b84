-- indicator: S3
-- title_zh: 登记数
-- title_en: Registrations
-- definition_zh: 期间内完成登记（公示期满、发放登记凭证）的产品数。
-- definition_en: Products that were registered in the period: their publicity ended and a certificate was issued.
-- unit_zh: 个产品
-- unit_en: products
-- source: events
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region data_region supply
-- measures: registered
-- disclosure: public
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , count(*) AS registered
FROM events
WHERE month >= $from_month AND month <= $until_month
    AND event = 'registered'
GROUP BY ALL
ORDER BY ALL
