"""`nndsl explain CODE`: what a message means, with an example that is wrong and one that is right."""

from __future__ import annotations

import click

from nndsl.cli.output import format_option


@click.command("explain")
@click.argument("code")
@format_option
def command(code: str) -> None:
    """Explain the code of a message, such as NN305."""
    from nndsl.diagnostics import Failure
    from nndsl.errors.commands import UnknownCode
    from nndsl.errors.registry import all_codes, explain
    from nndsl.errors.suggest import closest

    wanted = code.upper()
    if wanted.isdigit():
        wanted = f"NN{wanted}"
    if not (text := explain(wanted)):
        near = closest(wanted, list(all_codes()))
        raise Failure(UnknownCode(None, code, f"did you mean {near}?" if near else "codes look like NN305"))
    click.echo(text)
