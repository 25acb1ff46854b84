-- indicator: S15
-- title_zh: 指数成分
-- title_en: Constituents of the indices
-- definition_zh: 各标的当月的成交均价（成交额除以数量）、数量与成交额：价格指数的成分及其权重。仅含场内公开成交。
-- definition_en: The mean price (turnover over quantity), quantity and turnover of each instrument in a month: the constituents of the price indices and their weights. Only what was traded in public, on the book.
-- unit_zh: 每计价单位的最小货币单位（分）
-- unit_en: minor units per unit
-- source: trades, instruments
-- parameters: from_month=0000-01 until_month=9999-12
-- dimensions: class sector
-- measures: price quantity turnover
-- published: final
-- disclosure: public
SELECT
    month AS period
    , trades.instrument AS instrument
    , max(instruments.symbol) AS symbol
    , max(trades.class) AS class
    , max(trades.sector) AS sector
    , currency
    , round(cast(sum(value) AS DOUBLE) / sum(quantity), 6) AS price
    , cast(sum(quantity) AS BIGINT) AS quantity
    , cast(sum(value) AS BIGINT) AS turnover
FROM trades
LEFT JOIN instruments ON trades.instrument = instruments.instrument
WHERE month >= $from_month AND month <= $until_month
    AND origin IN ('on_book', 'auction') AND value > 0
GROUP BY month, trades.instrument, currency
ORDER BY period, instrument, currency
