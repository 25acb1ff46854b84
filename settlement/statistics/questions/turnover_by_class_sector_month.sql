-- title_zh: 按产品类别、行业和月份的成交额
-- title_en: Turnover by class, sector and month
-- definition_zh: 当月（北京时间）成交额与笔数，按产品类别（数据集、数据服务、数据应用）、行业和币种分列。参与方不足三家的单元格不予披露。
-- definition_en: Turnover and number of the trades of a month (Beijing time) by class of product, sector and currency. Cells with fewer than three parties are withheld.
-- unit: minor units of the currency
-- parameters: from_day=2000-01-01 until_day=2999-12-31
-- measures: turnover trades
SELECT
    strftime(day, '%Y-%m') AS month,
    i.class AS class,
    i.sector AS sector,
    currency,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades,
    greatest(count(DISTINCT buyer), count(DISTINCT seller)) AS parties
FROM trades
INNER JOIN instruments AS i ON trades.instrument = i.instrument
WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
GROUP BY strftime(day, '%Y-%m'), i.class, i.sector, currency
ORDER BY month, class, sector, currency
