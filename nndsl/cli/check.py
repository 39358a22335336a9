"""`nndsl check PROGRAM`: types and shapes; with options, gradients and backends on the program's own data."""

from __future__ import annotations

import click

from nndsl.cli.output import no_opt_option, program_options, say, show_messages


@click.command("check")
@program_options
@click.option("--grad", is_flag=True, help="Compare the gradients with finite differences in float64.")
@click.option("--backends", is_flag=True, help="Train on ONNX Runtime and compare each step with NumPy.")
@click.option(
    "--steps", type=click.IntRange(min=1), default=20, show_default=True, help="How many steps --backends takes."
)
@no_opt_option
def command(
    program: str,
    overrides: tuple[str, ...],
    model: str | None,
    root: str | None,
    grad: bool,
    backends: bool,
    steps: int,
    no_opt: bool,
) -> None:
    """Check a program; with --grad its gradients, with --backends that both backends agree."""
    from nndsl.api import Net
    from nndsl.diagnostics import Diagnostic, Failure
    from nndsl.errors.commands import BackendsDiffer, BadOption, GradientDiffers
    from nndsl.model.check import load_program
    from nndsl.training.checking import MOVED

    net = Net(load_program(program, root=root), overrides, model)
    net.optimise = not no_opt
    if grad or backends:
        net.read_data()
    show_messages(net.warnings)
    name = net.checked.network.name
    if net.is_complete or grad or backends:
        parameters = sum(state.size for state in net.step.parameters)
        say(f"{program}: {name} is sound, with {parameters:,} parameters")
    else:
        lacks = "no loss, so it cannot be trained" if net.checked.network.outputs else "no output, so it cannot predict"
        say(f"{program}: {name} is sound; it has {lacks}")
    if net.declared.data is not None and not (grad or backends):
        read = "only classes and sizes of its data are" if net.facts else "its data are not"
        say(f"  {read} read for that: `nndsl data {program}` looks at them")
    failed: list[Diagnostic] = []
    if grad:
        for gradient in net.check_gradients():
            say(f"  gradient of {gradient.parameter}: differs by {gradient.difference:.1e} at most")
            if not gradient.passed:
                failed.append(GradientDiffers(None, gradient.parameter, gradient.difference))
    if backends:
        done = list(net.check_backends(steps))
        if not done:
            raise Failure(
                BadOption(None, "--backends", "the program trains for 0 epochs, so there is no step to compare")
            )
        worst = max(done, key=lambda step: (not step.passed, step.gradient))
        steps_taken = f"{len(done)} step{'s' * (len(done) > 1)}"
        say(f"  {steps_taken} on both backends: losses differ by {max(s.loss for s in done):.1e} at most,")
        say(f"  gradients by {worst.gradient:.1e} of their norm ({worst.worst} at step {worst.step})")
        if worst.passed and worst.rounding:
            say(f"  which is rounding: where parameters move by {MOVED:.0e} of them it changes by {worst.rounding:.1e}")
        failed += [BackendsDiffer(None, s.step, s.loss, s.gradient, s.worst) for s in done if not s.passed]
    if failed:
        raise Failure(*failed)
