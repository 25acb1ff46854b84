-- title_zh: 成交额居前的标的
-- title_en: Instruments with the highest turnover
-- definition_zh: 期间内各币种成交额居前的标的；成交额相同者编号小的在前。参与方不足三家的标的只列名次，不予披露数额。
-- definition_en: The instruments with the highest turnover of the period in each currency; of equal ones the lower number comes first. Figures of those with fewer than three parties are withheld.
-- unit: minor units of the currency
-- parameters: from_day=2000-01-01 until_day=2999-12-31 top=20
-- measures: turnover trades quantity
SELECT
    currency,
    row_number() OVER (PARTITION BY currency ORDER BY sum(value) DESC, trades.instrument) AS place,
    trades.instrument AS instrument,
    max(i.symbol) AS symbol,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades,
    cast(sum(quantity) AS BIGINT) AS quantity,
    greatest(count(DISTINCT buyer), count(DISTINCT seller)) AS parties
FROM trades
LEFT JOIN instruments AS i ON trades.instrument = i.instrument
WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
GROUP BY currency, trades.instrument
QUALIFY place <= $top
ORDER BY currency, place
