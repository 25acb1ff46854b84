-- indicator: S13
-- title_zh: 明码标价率
-- title_en: Posted prices
-- definition_zh: 在挂牌的交易标的中，以明码标价（而非询价）者的比例。
-- definition_en: Of the instruments that are listed now, the share with a posted price rather than one on request.
-- unit_zh: 占 1 的比例
-- unit_en: share of 1
-- source: instruments
-- dimensions: class sector
-- measures: instruments posted_share
-- disclosure: public
SELECT
    state
    , class -- by
    , count(*) AS instruments
    , round(cast(count(*) FILTER (WHERE posted) AS DOUBLE) / count(*), 6) AS posted_share
FROM instruments
WHERE state = 'listed'
GROUP BY ALL
ORDER BY ALL
