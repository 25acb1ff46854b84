-- indicator: S7
-- title_zh: 场内撮合与备案
-- title_en: Matched on the exchange, and filed
-- definition_zh: 期间内盘中、协议、竞价成交与场外达成后备案的成交额，及各占成交总额的比例；官方“场内”口径包含备案。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: Turnover that was agreed on-book, by negotiation, by auction, and outside the exchange but filed with it, with the share of each; the official figure for on-exchange includes what is filed. Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 币种的最小单位（分）；占 1 的比例
-- unit_en: minor units of the currency; share of 1
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model licence supply unit border
-- cells: origin
-- measures: turnover share
-- disclosure: parties
WITH counted AS (
    SELECT
        substr(month, 1, $width) AS period
        , class -- by
        , origin
        , currency
        , sum(value) AS turnover
    FROM trades
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
)
SELECT
    period
    , class -- by
    , origin
    , currency
    , cast(turnover AS BIGINT) AS turnover
    , round(
        cast(turnover AS DOUBLE) / nullif(sum(turnover) OVER (
            PARTITION BY period, currency
            , class -- by
        ), 0), 6
    ) AS share
FROM counted
ORDER BY ALL
