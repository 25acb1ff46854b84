-- indicator: S17
-- title_zh: 调用量与查得率
-- title_en: Calls and hits
-- definition_zh: 期间内买方取用所购产品的次数，以及查得次数占有计量者的比例；未计量者查得率为空。
-- definition_en: How often buyers fetched what they hold in the period, and hits over calls where hits are metered; null where they are not.
-- unit_zh: 次；占 1 的比例
-- unit_en: calls; share of 1
-- source: usage
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector
-- measures: calls hit_rate
-- disclosure: public
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , cast(sum(calls) AS BIGINT) AS calls
    , round(
        cast(sum(hits) AS DOUBLE)
        / nullif(sum(calls) FILTER (WHERE hits IS NOT NULL), 0), 6
    ) AS hit_rate
FROM usage
WHERE month >= $from_month AND month <= $until_month
GROUP BY ALL
ORDER BY ALL
