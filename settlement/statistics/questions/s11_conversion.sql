-- indicator: S11
-- title_zh: 转化率
-- title_en: Listings that trade
-- definition_zh: 期末挂牌的产品中，期间内至少成交一笔者的比例。
-- definition_en: Of the products listed at the end of the period, the share that traded at least once in it.
-- unit_zh: 占 1 的比例
-- unit_en: share of 1
-- source: events, trades, instruments
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector
-- measures: listed traded rate
-- published: final
-- disclosure: public
WITH periods AS (
    SELECT
        substr(month, 1, $width) AS period,
        max(month) AS last
    FROM trades
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
),
there AS (
    SELECT
        period,
        product
        , class -- by
    FROM periods
    INNER JOIN events ON events.month <= periods.last
    WHERE event IN ('listed', 'delisted')
    GROUP BY ALL
    HAVING sum(CASE event WHEN 'listed' THEN 1 ELSE -1 END) > 0
),
sold AS (
    SELECT DISTINCT
        substr(month, 1, $width) AS period,
        product
    FROM trades
    INNER JOIN instruments ON trades.instrument = instruments.instrument
    WHERE month >= $from_month AND month <= $until_month
)
SELECT
    there.period
    , class -- by
    , count(*) AS listed
    , count(sold.product) AS traded
    , round(cast(count(sold.product) AS DOUBLE) / count(*), 6) AS rate
FROM there
LEFT JOIN sold ON there.period = sold.period AND there.product = sold.product
GROUP BY ALL
ORDER BY ALL
