-- title_zh: 标的 K 线
-- title_en: Candles of an instrument
-- definition_zh: 各时段盘中与竞价成交的开盘、最高、最低、收盘价，成交数量与成交额；时段长度以微秒计，自 1970 年起算（UTC）。价格为公开行情，逐笔公布；协议与备案成交不在其中。
-- definition_en: Opening, highest, lowest and closing price, volume and turnover of each interval with trades on the book or by auction; intervals are counted from 1970 (UTC), their length is in microseconds. Prices are market data, published trade by trade; negotiated and filed trades are not among them.
-- unit: minor units per unit
-- source: trades
-- parameters: instrument=0 width_us=86400000000 from_us=0 until_us=9223372036854775807
-- disclosure: public
SELECT
    at_us - at_us % $width_us AS begins_us,
    arg_min(price, id) AS open,
    max(price) AS high,
    min(price) AS low,
    arg_max(price, id) AS close,
    cast(sum(quantity) AS BIGINT) AS volume,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades
FROM trades
WHERE instrument = $instrument AND at_us >= $from_us AND at_us < $until_us
    AND origin IN ('on_book', 'auction')
GROUP BY at_us - at_us % $width_us
ORDER BY begins_us
