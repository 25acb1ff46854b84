-- indicator: S10
-- title_zh: 环比与同比
-- title_en: Growth on the month and on the year
-- definition_zh: 成交额与上月、与上年同月之比减一；基数为零或没有时为空。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: Turnover over that of the month before, and of the same month a year before, less one; null where the base is zero or there is none. Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 占 1 的比例
-- unit_en: share of 1
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence supply unit border
-- measures: turnover month_on_month year_on_year
-- published: final
-- disclosure: parties
WITH counted AS (
    SELECT
        month
        , class -- by
        , currency
        , cast(sum(value) AS DOUBLE) AS turnover
        , cast(substr(month, 1, 4) AS INTEGER) * 12
        + cast(substr(month, 6, 2) AS INTEGER) AS number
    FROM trades
    GROUP BY ALL
),
compared AS (
    SELECT
        *,
        sum(turnover) OVER (
            PARTITION BY currency
            , class -- by
            ORDER BY number RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING
        ) AS month_before,
        sum(turnover) OVER (
            PARTITION BY currency
            , class -- by
            ORDER BY number RANGE BETWEEN 12 PRECEDING AND 12 PRECEDING
        ) AS year_before
    FROM counted
)
SELECT
    month AS period
    , class -- by
    , currency
    , cast(turnover AS BIGINT) AS turnover
    , round(turnover / nullif(month_before, 0) - 1, 6) AS month_on_month
    , round(turnover / nullif(year_before, 0) - 1, 6) AS year_on_year
FROM compared
WHERE month >= $from_month AND month <= $until_month
ORDER BY ALL
