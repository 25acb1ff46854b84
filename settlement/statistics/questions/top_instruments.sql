-- title_zh: 成交额居前的标的
-- title_en: Instruments with the highest turnover
-- definition_zh: 期间内各币种盘中与竞价成交额居前的标的；成交额相同者编号小的在前。只列期间内参与方不少于三家者；协议与备案成交不在其中。
-- definition_en: The instruments with the highest turnover of the period on the book and by auction, in each currency; of equal ones the lower number comes first. Listed are those in which at least three parties traded in the period; negotiated and filed trades are not among them.
-- unit_zh: 币种的最小单位（分）
-- unit_en: minor units of the currency
-- source: trades, instruments
-- parameters: from_month=0000-01 until_month=9999-12 width=7 top=20
-- measures: turnover trades quantity
-- disclosure: public
SELECT
    substr(month, 1, $width) AS period,
    currency,
    row_number() OVER (
        PARTITION BY substr(month, 1, $width), currency
        ORDER BY sum(value) DESC, trades.instrument
    ) AS place,
    trades.instrument AS instrument,
    max(instruments.symbol) AS symbol,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades,
    cast(sum(quantity) AS BIGINT) AS quantity
FROM trades
LEFT JOIN instruments ON trades.instrument = instruments.instrument
WHERE month >= $from_month AND month <= $until_month
    AND origin IN ('on_book', 'auction')
GROUP BY substr(month, 1, $width), currency, trades.instrument
HAVING count(DISTINCT buyer) + count(DISTINCT seller) >= 3
QUALIFY place <= $top
ORDER BY period, currency, place
