-- title_zh: 每日成交额
-- title_en: Turnover by day
-- definition_zh: 当日（北京时间）场内成交的价格乘以数量之和，按币种分列；成交以撮合时刻计。
-- definition_en: The sum of price times quantity of the trades of a day (Beijing time), for each currency; a trade counts at the moment of its match.
-- unit: minor units of the currency
-- parameters: from_day=2000-01-01 until_day=2999-12-31
-- measures: turnover trades
SELECT
    day,
    currency,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades,
    greatest(count(DISTINCT buyer), count(DISTINCT seller)) AS parties
FROM trades
WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
GROUP BY day, currency
ORDER BY day, currency
