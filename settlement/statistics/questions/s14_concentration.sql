-- indicator: S14
-- title_zh: 集中度
-- title_en: Concentration
-- definition_zh: 期间内成交额中前五大卖方、买方的份额（CR5）与赫芬达尔指数（HHI，各方份额平方和；例：50/30/20 为 0.38）。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: Of the turnover of the period, the share of the five largest sellers and buyers (CR5) and the Herfindahl index (HHI, the sum of the squares of all shares; 50/30/20 gives 0.38). Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 占 1 的比例
-- unit_en: share of 1
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence supply unit border
-- measures: cr5_sellers hhi_sellers sellers cr5_buyers hhi_buyers buyers
-- disclosure: parties
WITH sold AS (
    SELECT
        substr(month, 1, $width) AS period
        , class -- by
        , currency
        , 'seller' AS side
        , seller AS member
        , cast(sum(value) AS DOUBLE) AS turnover
    FROM trades
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
    HAVING sum(value) > 0
    UNION ALL
    SELECT
        substr(month, 1, $width) AS period
        , class -- by
        , currency
        , 'buyer' AS side
        , buyer AS member
        , cast(sum(value) AS DOUBLE) AS turnover
    FROM trades
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
    HAVING sum(value) > 0
),
shares AS (
    SELECT
        *,
        turnover / sum(turnover) OVER (
            PARTITION BY period, currency, side
            , class -- by
        ) AS share,
        row_number() OVER (
            PARTITION BY period, currency, side
            , class -- by
            ORDER BY turnover DESC, member
        ) AS place
    FROM sold
)
SELECT
    period
    , class -- by
    , currency
    , round(sum(share) FILTER (WHERE side = 'seller' AND place <= 5), 6) AS cr5_sellers
    , round(sum(share * share) FILTER (WHERE side = 'seller'), 6) AS hhi_sellers
    , count(*) FILTER (WHERE side = 'seller') AS sellers
    , round(sum(share) FILTER (WHERE side = 'buyer' AND place <= 5), 6) AS cr5_buyers
    , round(sum(share * share) FILTER (WHERE side = 'buyer'), 6) AS hhi_buyers
    , count(*) FILTER (WHERE side = 'buyer') AS buyers
FROM shares
GROUP BY ALL
ORDER BY ALL
