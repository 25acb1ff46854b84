-- Whom each cell rests on: sellers, buyers, and the largest share of one of them.
WITH sold AS (
    SELECT
        substr(month, 1, $width) AS period
        , class -- by
        , currency
        , 'seller' AS side
        , seller AS member
        , sum(value) AS value
        , count(*) AS trades
    FROM trades
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
    UNION ALL
    SELECT
        substr(month, 1, $width) AS period
        , class -- by
        , currency
        , 'buyer' AS side
        , buyer AS member
        , sum(value) AS value
        , count(*) AS trades
    FROM trades
    WHERE month >= $from_month AND month <= $until_month
    GROUP BY ALL
),
sides AS (
    SELECT
        period
        , class -- by
        , currency
        , side
        , count(*) AS members
        , max(value) AS most
        , sum(value) AS value
        , max(trades) AS most_trades
        , sum(trades) AS trades
    FROM sold
    GROUP BY ALL
)
SELECT
    period
    , class -- by
    , currency
    , min(members) AS parties
    , round(max(
        CASE
            WHEN value > 0 THEN cast(most AS DOUBLE) / value
            ELSE cast(most_trades AS DOUBLE) / trades
        END
    ), 6) AS largest
    , cast(max(value) AS BIGINT) AS value
    , cast(max(trades) AS BIGINT) AS trades
FROM sides
GROUP BY ALL
ORDER BY ALL
