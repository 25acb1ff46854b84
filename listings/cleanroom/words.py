"""The words of SQL that the clean room knows; all others are refused."""

INFIX = {
    **{sign: sign for sign in ("+", "-", "*", "/", "//", "%", "||")},
    "~~": "LIKE",
    "!~~": "NOT LIKE",
    "~~*": "ILIKE",
    "!~~*": "NOT ILIKE",
}
PREFIX = ("+", "-")
# Functions of one row → how many arguments they take, least and most.
FUNCTIONS = {
    "abs": (1, 1),
    "ceil": (1, 1),
    "ceiling": (1, 1),
    "concat": (1, 8),
    "date_part": (2, 2),
    "date_trunc": (2, 2),
    "day": (1, 1),
    "dayofweek": (1, 1),
    "floor": (1, 1),
    "greatest": (2, 8),
    "hour": (1, 1),
    "if": (3, 3),
    "isodow": (1, 1),
    "least": (2, 8),
    "left": (2, 2),
    "length": (1, 1),
    "ln": (1, 1),
    "log10": (1, 1),
    "lower": (1, 1),
    "ltrim": (1, 1),
    "month": (1, 1),
    "nullif": (2, 2),
    "quarter": (1, 1),
    "right": (2, 2),
    "round": (1, 2),
    "rtrim": (1, 1),
    "sqrt": (1, 1),
    "starts_with": (2, 2),
    "substr": (2, 3),
    "substring": (2, 3),
    "trim": (1, 1),
    "upper": (1, 1),
    "week": (1, 1),
    "year": (1, 1),
}
AGGREGATES = ("count", "sum", "avg", "min", "max")
# What tells of single rows, or of an order among them: refused with its own reason.
SINGLING = (
    *("any_value", "arbitrary", "first", "last", "list", "array_agg", "string_agg"),
    *("group_concat", "listagg", "median", "mode", "quantile", "quantile_cont"),
    *("quantile_disc", "percentile_cont", "percentile_disc", "arg_min", "arg_max"),
    *("min_by", "max_by", "argmin", "argmax", "histogram", "approx_quantile"),
    *("reservoir_quantile", "mad", "approx_top_k", "bit_xor", "bit_and", "bit_or"),
    *("product", "bool_and", "bool_or", "entropy", "map", "kurtosis", "skewness"),
    *("stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"),
    *(
        "corr",
        "covar_pop",
        "covar_samp",
        "regr_slope",
        "histogram_exact",
        "bitstring_agg",
    ),
)
COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}
CONJUNCTIONS = {"CONJUNCTION_AND": "AND", "CONJUNCTION_OR": "OR"}
MEMBERSHIPS = {"COMPARE_IN": "IN", "COMPARE_NOT_IN": "NOT IN"}
NULLS = {"OPERATOR_IS_NULL": "IS NULL", "OPERATOR_IS_NOT_NULL": "IS NOT NULL"}
TYPES = (
    *("BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DECIMAL", "VARCHAR"),
    *("DATE", "TIMESTAMP"),
)
ORDERS = {"ORDER_DEFAULT": "ASC", "ASCENDING": "ASC", "DESCENDING": "DESC"}
NULL_ORDERS = {
    "ORDER_DEFAULT": "NULLS LAST",
    "NULLS FIRST": "NULLS FIRST",
    "NULLS LAST": "NULLS LAST",
}
