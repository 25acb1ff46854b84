"""Why a clean room does not answer a question, or cannot show a table, in words."""

from collections.abc import Mapping

from listings.marking import N_

UNANSWERED: Mapping[str, str] = {
    # ── the question ──
    "no_question": N_("Write a question."),
    "syntax": N_("This is not SQL; see where it breaks off."),
    "not_select": N_("Only SELECT is answered: nothing can be changed, loaded or set."),
    "one_statement": N_("Ask one question at a time."),
    "no_with": N_("WITH is not known here; ask of the tables themselves."),
    "only_tables": N_(
        "FROM names tables of this right alone: no files, functions or queries."
    ),
    "no_table": N_("This right opens no such table."),
    "no_column": N_("The room shows no such column."),
    "ambiguous": N_("Say of which table: several have that name."),
    "inner_join": N_("Tables are joined by JOIN … ON or USING alone."),
    "too_many_tables": N_("At most three tables are joined."),
    "row_level": N_("Single rows are never shown: count or add up, by groups."),
    "ungrouped": N_("What is neither counted nor added up must be in GROUP BY."),
    "measure": N_(
        "This column may only be inside sum, avg or count, alone and as it is:"
        " otherwise it could single a row out."
    ),
    "extreme": N_(
        "The least or greatest value of this column would be a single row's."
    ),
    "singling": N_("This function tells of single rows, or comes close to it."),
    "distinct": N_("DISTINCT is only for count(DISTINCT column to group by)."),
    "aggregate_here": N_("Nothing can be counted or added up here."),
    "no_function": N_("This function is not among those that the room knows."),
    "unknown_type": N_("This type is not among those that the room knows."),
    "unknown_part": N_("This part of SQL is not among those that the room knows."),
    "too_long": N_("The question, or a part of it, is too long."),
    "too_deep": N_("The question is nested too deeply."),
    "no_value": N_("A value cannot be read as that type, or is out of range."),
    "not_understood": N_("The types in the question do not fit together."),
    "slow_query": N_("It took too long and was ended."),
    "heavy_query": N_("It needs more memory than a question may use."),
    "right_ended": N_("The right ended while it ran."),
    "unanswered": N_("It is still running, or ended without an answer."),
    "quota_used_up": N_("All questions of the right are used up."),
    "period_used_up": N_("All units of this period are used up."),
    "budget_used_up": N_("The budget of this period is used up."),
    "use_unpaid": N_("Use of an earlier period is not paid yet."),
    "out_of_step": N_("Another question was counted meanwhile; nothing was charged."),
    "busy": N_("The exchange was busy; nothing was charged."),
    "not_grouped": N_("The table could not be shown as the room's settings say."),
    # ── the table ──
    "all_small": N_("No group is large enough: choose fewer or coarser columns."),
    "too_many_groups": N_("There are too many groups: choose coarser columns."),
    "wrong_coarseness": N_(
        "A column to group by cannot be made coarser like that; decimals need a step."
    ),
    "no_number": N_("A column to add up holds no numbers."),
}
