-- title_zh: 供方排名
-- title_en: Ranking of vendors
-- definition_zh: 期间内各币种成交额居前的供方，只列名次与买方数，不列金额；解除的成交不计。入列须有不少于三家买方，且没有一家买方占其成交额超过 75%。
-- definition_en: The vendors with the highest turnover of the period in each currency: their place and the number of their buyers, no amounts; what was unwound does not count. Listed are those with at least three buyers, none of which has more than 75 % of the turnover.
-- unit_zh: 名次；个买方
-- unit_en: place; buyers
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7 top=20
-- measures: place buyers
-- disclosure: public
WITH pairs AS (
    SELECT
        substr(month, 1, $width) AS period,
        currency,
        seller,
        buyer,
        sum(value) AS value
    FROM trades
    WHERE month >= $from_month AND month <= $until_month AND state <> 'unwound'
    GROUP BY ALL
),
vendors AS (
    SELECT
        period,
        currency,
        seller,
        count(*) AS buyers,
        sum(value) AS value,
        max(value) AS most
    FROM pairs
    GROUP BY ALL
)
SELECT
    period
    , currency
    , seller AS vendor
    , row_number() OVER (PARTITION BY period, currency ORDER BY value DESC, seller) AS place
    , buyers
FROM vendors
WHERE buyers >= 3 AND cast(most AS DOUBLE) <= 0.75 * value
QUALIFY place <= $top
ORDER BY period, currency, place
