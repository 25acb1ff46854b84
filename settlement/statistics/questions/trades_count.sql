-- title_zh: 每日成交笔数
-- title_en: Trades by day
-- definition_zh: 当日（北京时间）成交笔数、成交数量、有成交的标的数。
-- definition_en: The number of trades of a day (Beijing time), the units traded, and the number of instruments that traded.
-- unit: trades
-- parameters: from_day=2000-01-01 until_day=2999-12-31
-- measures: trades quantity instruments
SELECT
    day,
    count(*) AS trades,
    cast(sum(quantity) AS BIGINT) AS quantity,
    count(DISTINCT instrument) AS instruments,
    greatest(count(DISTINCT buyer), count(DISTINCT seller)) AS parties
FROM trades
WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
GROUP BY day
ORDER BY day
