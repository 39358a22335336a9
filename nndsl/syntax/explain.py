"""Which rule explains an error: the first that fits, from the certain ones (a token that is wrong in itself) downwards.

A rule looks at a `Situation` and answers with a diagnostic and a remedy, or with None if the case is not its own.
A diagnostic of None means that the error is a consequence of one that has been reported.
"""

from __future__ import annotations

from collections.abc import Callable

from nndsl.syntax import explain_expression as expression
from nndsl.syntax import explain_item as item
from nndsl.syntax import explain_pipe as pipe
from nndsl.syntax import explain_statement as statement
from nndsl.syntax import explain_text as text
from nndsl.syntax.situation import Answer, Situation

RULES: tuple[Callable[[Situation], Answer | None], ...] = (
    text.wrong_string,
    text.wrong_number,
    text.unknown_character,
    text.foreign_comment,
    item.unclosed_body,
    item.stray_brace,
    statement.keyword_as_name,
    item.top_level,
    item.nested_item,
    text.semicolon,
    text.foreign_operator,
    text.percent,
    statement.if_statement,
    statement.foreign_statement,
    statement.declaration,
    statement.wrong_type,
    item.header,
    statement.reserved_word,
    statement.equals_missing,
    expression.unclosed_bracket,
    pipe.branch_missing,
    expression.closer,
    statement.lone_expression,
    pipe.python_conditional,
    expression.python_expression,
    pipe.not_a_stage,
    pipe.repeat,
    expression.wrong_sign,
    expression.chained,
    pipe.parentheses,
    expression.unfinished,
    expression.comma_missing,
    expression.second_statement,
)


def behind_body(situation: Situation) -> Answer:
    """What stands behind the `}` of a body on its line."""
    return text.semicolon(situation) or item.stray_brace(situation) or item.behind_body(situation)


def explain(situation: Situation) -> Answer:
    for rule in RULES:
        if answer := rule(situation):
            return answer
    return expression.otherwise(situation)
