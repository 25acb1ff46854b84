-- title_zh: 按买方地区的成交额
-- title_en: Turnover by region of the buyer
-- definition_zh: 期间内成交额、笔数与买方数，按买方所在地区和币种分列。参与方不足三家的单元格不予披露。
-- definition_en: Turnover, trades and buyers of the period by the region of the buyer and currency. Cells with fewer than three buyers are withheld.
-- unit: minor units of the currency
-- parameters: from_day=2000-01-01 until_day=2999-12-31
-- measures: turnover trades buyers
SELECT
    m.region AS region,
    currency,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades,
    count(DISTINCT buyer) AS buyers,
    count(DISTINCT buyer) AS parties
FROM trades
INNER JOIN members AS m ON trades.buyer = m.member
WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
GROUP BY m.region, currency
ORDER BY region, currency
