"""Which rule explains an error: the first that fits, from the certain ones (a token that is wrong in itself) downwards.

A rule looks at a `Situation` and answers with a diagnostic and a remedy, or with None if the case is not its own.
A diagnostic of None means that the error is a consequence of one that has been reported.
"""

from __future__ import annotations

from collections.abc import Callable

from nndsl.syntax import explain_expression as expression
from nndsl.syntax import explain_statement as statement
from nndsl.syntax import explain_text as text
from nndsl.syntax.situation import Answer, Situation

RULES: tuple[Callable[[Situation], Answer | None], ...] = (
    text.wrong_string,
    text.wrong_number,
    text.unknown_character,
    text.foreign_comment,
    statement.unclosed_body,
    statement.stray_brace,
    statement.keyword_as_name,
    statement.top_level,
    statement.nested_item,
    text.semicolon,
    text.foreign_operator,
    text.percent,
    statement.if_statement,
    statement.foreign_statement,
    statement.declaration,
    statement.header,
    statement.reserved_word,
    statement.equals_missing,
    expression.unclosed_bracket,
    expression.branch_missing,
    expression.closer,
    statement.lone_expression,
    expression.python_expression,
    expression.not_a_stage,
    expression.wrong_sign,
    expression.chained,
    expression.parentheses,
    expression.unfinished,
    expression.comma_missing,
    expression.second_statement,
)


def behind_body(situation: Situation) -> Answer:
    """What stands behind the `}` of a body on its line."""
    return text.semicolon(situation) or statement.stray_brace(situation) or statement.behind_body(situation)


def explain(situation: Situation) -> Answer:
    for rule in RULES:
        if answer := rule(situation):
            return answer
    return expression.otherwise(situation)
