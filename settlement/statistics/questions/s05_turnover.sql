-- indicator: S5
-- title_zh: 成交额
-- title_en: Turnover
-- definition_zh: 期间内成交的价格乘以数量之和，按币种分列，成交以撮合或备案时刻计；已结算部分另列，解除的成交不计。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: The sum of price times quantity of the trades of the period, for each currency, at the moment of the match or filing; what is settled stands apart, what was unwound does not count. Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 币种的最小单位（分）
-- unit_en: minor units of the currency
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence supply unit border day
-- measures: turnover settled
-- disclosure: parties
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , currency
    , cast(sum(value) FILTER (WHERE state <> 'unwound') AS BIGINT) AS turnover
    , cast(sum(value) FILTER (WHERE state = 'settled') AS BIGINT) AS settled
FROM trades
WHERE month >= $from_month AND month <= $until_month
GROUP BY ALL
ORDER BY ALL
