-- title_zh: 按产品类别的单笔成交额
-- title_en: Value of a trade by class
-- definition_zh: 期间内单笔成交额的平均数与中位数，按产品类别和币种分列；笔数为偶数时中位数取中间两数的平均。
-- definition_en: Mean and median value of one trade of the period by class of product and currency; the median of an even number is the mean of the two in the middle.
-- unit: minor units of the currency
-- parameters: from_day=2000-01-01 until_day=2999-12-31
-- measures: mean median trades
SELECT
    i.class AS class,
    currency,
    round(cast(sum(value) AS DOUBLE) / count(*), 6) AS mean,
    round(cast(median(value) AS DOUBLE), 6) AS median,
    count(*) AS trades,
    greatest(count(DISTINCT buyer), count(DISTINCT seller)) AS parties
FROM trades
INNER JOIN instruments AS i ON trades.instrument = i.instrument
WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
GROUP BY i.class, currency
ORDER BY class, currency
