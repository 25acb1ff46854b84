-- title_zh: 标的 K 线
-- title_en: Candles of an instrument
-- definition_zh: 各时段盘中与竞价成交的开盘、最高、最低、收盘价，成交数量与成交额；时段长度以微秒计，自 1970 年起算（UTC）。只计公开行情所公布的成交：当周（周一起，UTC）该标的参与方不少于规定家数（默认三家）；协议与备案成交不在其中。
-- definition_en: Opening, highest, lowest and closing price, volume and turnover of each interval with trades on the book or by auction; intervals are counted from 1970 (UTC), their length is in microseconds. Counted are the trades of the public tape, those of weeks (from Monday, UTC) in which enough parties (three unless said otherwise) traded in the instrument; negotiated and filed trades are not among them.
-- unit_zh: 每计价单位的最小货币单位（分）
-- unit_en: minor units per unit
-- source: trades
-- parameters: instrument=0 width_us=86400000000 from_us=0 until_us=9223372036854775807 parties_min=3
-- published: live
-- disclosure: public
WITH market AS (
    SELECT *, (at_us - 345600000000) // 604800000000 AS week
    FROM trades
    WHERE instrument = $instrument AND origin IN ('on_book', 'auction')
), told AS (
    SELECT week
    FROM (SELECT week, buyer AS party FROM market UNION SELECT week, seller FROM market)
    GROUP BY week
    HAVING count(DISTINCT party) >= $parties_min
)
SELECT
    at_us - at_us % $width_us AS begins_us,
    arg_min(price, id) AS open,
    max(price) AS high,
    min(price) AS low,
    arg_max(price, id) AS close,
    cast(sum(quantity) AS BIGINT) AS volume,
    cast(sum(value) AS BIGINT) AS turnover,
    count(*) AS trades
FROM market
WHERE week IN (SELECT week FROM told) AND at_us >= $from_us AND at_us < $until_us
GROUP BY at_us - at_us % $width_us
ORDER BY begins_us
