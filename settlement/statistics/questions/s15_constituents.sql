-- indicator: S15
-- title_zh: 指数成分
-- title_en: Constituents of the indices
-- definition_zh: 各标的每周（周一起，UTC）盘中与竞价成交的均价（成交额除以数量）、数量与成交额：价格与活跃指数的成分及其权重。只计公开行情所公布的周：当周该标的参与方不少于规定家数（默认三家），且该周已结束；协议与备案成交不在其中。
-- definition_en: The mean price (turnover over quantity), quantity and turnover of each instrument in a week (from Monday, UTC) on the book and by auction: the constituents of the price and activity indices and their weights. Only weeks that the public tape tells, in which enough parties (three unless said otherwise) traded in the instrument, and that are over; negotiated and filed trades are not among them.
-- unit_zh: 每计价单位的最小货币单位（分）
-- unit_en: minor units per unit
-- source: trades, instruments
-- parameters: until_us=9223372036854775807 parties_min=3
-- measures: price quantity turnover
-- published: live
-- disclosure: public
WITH market AS (
    SELECT *, (at_us - 345600000000) // 604800000000 AS week
    FROM trades
    WHERE origin IN ('on_book', 'auction') AND value > 0
        AND (at_us - 345600000000) // 604800000000 < ($until_us - 345600000000) // 604800000000
), told AS (
    SELECT week, instrument
    FROM (
        SELECT week, instrument, buyer AS party FROM market
        UNION
        SELECT week, instrument, seller FROM market
    )
    GROUP BY week, instrument
    HAVING count(DISTINCT party) >= $parties_min
)
SELECT
    market.week * 604800000000 + 345600000000 AS begins_us
    , market.instrument AS instrument
    , max(instruments.symbol) AS symbol
    , max(market.class) AS class
    , max(market.sector) AS sector
    , currency
    , round(cast(sum(value) AS DOUBLE) / sum(quantity), 6) AS price
    , cast(sum(quantity) AS BIGINT) AS quantity
    , cast(sum(value) AS BIGINT) AS turnover
FROM market
INNER JOIN told ON market.week = told.week AND market.instrument = told.instrument
LEFT JOIN instruments ON market.instrument = instruments.instrument
GROUP BY market.week, market.instrument, currency
ORDER BY begins_us, instrument, currency
