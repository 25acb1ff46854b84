-- title_zh: 成交额居前的标的
-- title_en: Instruments with the highest turnover
-- definition_zh: 各币种盘中与竞价成交额居前的标的；成交额相同者编号小的在前。为公开行情，协议与备案成交不在其中。
-- definition_en: The instruments with the highest turnover on the book and by auction, in each currency; of equal ones the lower number comes first. This is market data; negotiated and filed trades are not among it.
-- unit: minor units of the currency
-- source: trades, instruments
-- parameters: from_month=0000-01 until_month=9999-12 top=20
-- measures: turnover trades quantity
-- disclosure: public
SELECT
    currency,
    row_number() OVER (PARTITION BY currency ORDER BY sum(value) DESC, trades.instrument) AS place,
    trades.instrument AS instrument,
    max(instruments.symbol) AS symbol,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades,
    cast(sum(quantity) AS BIGINT) AS quantity
FROM trades
LEFT JOIN instruments ON trades.instrument = instruments.instrument
WHERE month >= $from_month AND month <= $until_month
    AND origin IN ('on_book', 'auction')
GROUP BY currency, trades.instrument
QUALIFY place <= $top
ORDER BY currency, place
