-- title_zh: 卖方集中度
-- title_en: Concentration of sellers
-- definition_zh: 期间内各币种成交额中前五大卖方的份额（CR5）与赫芬达尔指数（HHI，即各卖方份额平方和）。
-- definition_en: Of the turnover of the period in each currency, the share of the five largest sellers (CR5) and the Herfindahl index (HHI, the sum of the squares of all sellers' shares).
-- unit: share of 1
-- parameters: from_day=2000-01-01 until_day=2999-12-31
-- measures: cr5 hhi sellers
WITH sold AS (
    SELECT currency, seller, cast(sum(value) AS DOUBLE) AS turnover
    FROM trades
    WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
    GROUP BY currency, seller
    HAVING sum(value) > 0
),
shares AS (
    SELECT
        currency,
        turnover / sum(turnover) OVER (PARTITION BY currency) AS share,
        row_number() OVER (PARTITION BY currency ORDER BY turnover DESC, seller) AS place
    FROM sold
)
SELECT
    currency,
    round(sum(share) FILTER (WHERE place <= 5), 6) AS cr5,
    round(sum(share * share), 6) AS hhi,
    count(*) AS sellers,
    count(*) AS parties
FROM shares
GROUP BY currency
ORDER BY currency
