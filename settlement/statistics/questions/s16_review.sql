-- indicator: S16
-- title_zh: 登记审核时长与一次通过率
-- title_en: Time to register, and first pass
-- definition_zh: 期间内登记的产品：从首次提交到登记的天数（中位数），以及未被退回过的比例。
-- definition_en: Of the products registered in the period: the median days from the first submission to the registration, and the share that was never returned.
-- unit_zh: 天；占 1 的比例
-- unit_en: days; share of 1
-- source: events
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region data_region supply
-- measures: registered median_days first_pass
-- disclosure: public
WITH steps AS (
    SELECT
        product
        , class -- by
        , min(at_us) FILTER (WHERE event = 'submitted') AS submitted_us
        , min(at_us) FILTER (WHERE event = 'registered') AS registered_us
        , min(month) FILTER (WHERE event = 'registered') AS month
        , min(at_us) FILTER (WHERE event = 'returned') AS returned_us
    FROM events
    GROUP BY ALL
)
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , count(*) AS registered
    , round(cast(median(registered_us - submitted_us) AS DOUBLE) / 86400000000, 6) AS median_days
    , round(
        cast(count(*) FILTER (WHERE coalesce(returned_us, registered_us) >= registered_us) AS DOUBLE)
        / count(*), 6
    ) AS first_pass
FROM steps
WHERE month >= $from_month AND month <= $until_month
GROUP BY ALL
ORDER BY ALL
