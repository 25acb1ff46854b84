-- indicator: S12
-- title_zh: 履约：争议与解除
-- title_en: Service: disputes and unwinding
-- definition_zh: 期间内成交中已结算、有争议、已解除者所占的笔数比例。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: Of the trades of the period, the shares that are settled, disputed and unwound. Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 占 1 的比例
-- unit_en: share of 1
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence supply unit border
-- measures: trades settled_share disputed_share unwound_share
-- disclosure: parties
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , currency
    , count(*) AS trades
    , round(cast(count(*) FILTER (WHERE state = 'settled') AS DOUBLE) / count(*), 6) AS settled_share
    , round(cast(count(*) FILTER (WHERE state = 'disputed') AS DOUBLE) / count(*), 6) AS disputed_share
    , round(cast(count(*) FILTER (WHERE state = 'unwound') AS DOUBLE) / count(*), 6) AS unwound_share
FROM trades
WHERE month >= $from_month AND month <= $until_month
GROUP BY ALL
ORDER BY ALL
