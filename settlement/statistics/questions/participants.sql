-- title_zh: 每月参与主体
-- title_en: Participants by month
-- definition_zh: 当月（北京时间）至少有一笔成交的买方与卖方会员数。
-- definition_en: The number of members that bought, and that sold, at least once in a month (Beijing time).
-- unit: members
-- parameters: from_day=2000-01-01 until_day=2999-12-31
-- measures: buyers sellers trades
SELECT
    strftime(day, '%Y-%m') AS month,
    count(DISTINCT buyer) AS buyers,
    count(DISTINCT seller) AS sellers,
    count(*) AS trades,
    greatest(count(DISTINCT buyer), count(DISTINCT seller)) AS parties
FROM trades
WHERE day >= cast($from_day AS DATE) AND day <= cast($until_day AS DATE)
GROUP BY strftime(day, '%Y-%m')
ORDER BY month
