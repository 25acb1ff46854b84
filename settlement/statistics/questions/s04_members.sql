-- indicator: S4
-- title_zh: 参与主体
-- title_en: Participants
-- definition_zh: 期末已核验的供方与需方会员数；活跃：期间内至少有一笔成交的买方与卖方。
-- definition_en: Members verified by the end of the period that sell and that buy; active are those that sold, or bought, at least once in the period.
-- unit_zh: 个会员
-- unit_en: members
-- source: members, trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- measures: vendors buyers active_sellers active_buyers
-- disclosure: public
WITH periods AS (
    SELECT
        substr(month, 1, $width) AS period,
        max(month) AS last
    FROM (SELECT month FROM members UNION SELECT month FROM trades)
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
),
verified AS (
    SELECT
        period,
        count(*) FILTER (WHERE sells) AS vendors,
        count(*) FILTER (WHERE buys) AS buyers
    FROM periods
    INNER JOIN members ON members.month <= periods.last
    GROUP BY ALL
),
active AS (
    SELECT
        substr(month, 1, $width) AS period,
        count(DISTINCT seller) AS sellers,
        count(DISTINCT buyer) AS buyers
    FROM trades
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
)
SELECT
    verified.period
    , verified.vendors
    , verified.buyers
    , coalesce(active.sellers, 0) AS active_sellers
    , coalesce(active.buyers, 0) AS active_buyers
FROM verified
LEFT JOIN active ON verified.period = active.period
ORDER BY ALL
