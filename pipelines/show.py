"""Show what made a model, contains a package or is deployed: `python -m pipelines.show MODEL`."""

import argparse
import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipelines.console.command import (
    add_cluster_flags,
    add_tracking_flag,
    cluster_flags,
    run_command,
)
from pipelines.models.inventory import Wanted, containing
from pipelines.models.lineage import lineage
from pipelines.models.registry import ModelReference, open_registry
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace

_WIDTH = 120
# Flags that only apply to what is deployed.
_OF_DEPLOYED = ("json", "webhook", "state", "time_zone", "dashboard", "endpoint", "user",
                "namespace")  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.show", description=__doc__)
    parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="registered model: NAME@alias, NAME/VERSION, or NAME for its champion",
    )
    parser.add_argument(
        "--containing",
        metavar="PACKAGE",
        help="package, such as numpy, 'numpy<2.1' or numpy==2.4.6, to list the components, releases"
        " and registered models that contain it",
    )
    parser.add_argument(
        "--deployed",
        nargs="?",
        const="",
        metavar="NAME",
        help="list the schedules of a cluster, or those with a name, with their last runs; fail if"
        " one failed or is overdue",
    )
    add_tracking_flag(parser)
    _add_deployed_flags(parser.add_argument_group("with --deployed"))
    return parser


def _add_deployed_flags(group: argparse._ActionsContainer) -> None:
    group.add_argument("--json", action="store_true", help="print JSON, for programs")
    group.add_argument(
        "--webhook",
        action="store_true",
        help="post a message for each new cause to the address in PINION_WEBHOOK",
    )
    group.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="file that remembers what was posted (default: told/deployed.json in Pinion's folder"
        " of the user's cache)",
    )
    group.add_argument(
        "--time-zone",
        metavar="ZONE",
        help="time zone of the cluster's schedules, such as Europe/Berlin (default: UTC)",
    )
    group.add_argument(
        "--dashboard",
        metavar="ADDRESS",
        help="address of KFP's dashboard in links (default: that of the cluster)",
    )
    add_cluster_flags(group)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    if [args.model, args.containing, args.deployed].count(None) != 2:
        raise UsageError("give either a MODEL, --containing PACKAGE or --deployed")
    _refuse_unused(args)
    if args.deployed is not None:
        return _deployed(args)
    if args.containing is not None:
        wanted = Wanted.parse(args.containing)
        # Printed as they are found, so that a server that fails hides nothing that needs no server.
        for label, text in containing(wanted, Workspace(), args.mlflow_tracking_uri):
            _print(label, text, len("component  "))
        return 0
    reference = ModelReference.parse(args.model)
    with open_registry(args.mlflow_tracking_uri) as registry:
        lines = lineage(registry, registry.version(reference), Workspace())
    _print_all(lines)
    return 0


def _deployed(args: argparse.Namespace) -> int:
    # Imported here, because the client of a cluster takes too long to import for other uses.
    from pipelines.kubeflow.deployed import posted, watch, webhook

    if args.state and not args.webhook:
        raise UsageError("--state has no effect without --webhook; leave it out")
    watched = watch.Watched(
        cluster_flags(args), args.deployed, args.time_zone or "UTC", args.dashboard
    )
    messages = None
    if args.webhook:
        address, path = webhook.webhook_address(), args.state or posted.default_path()
        messages = watch.Messages(address, path, watched)
    report = watch.look(watched, messages)
    if args.json:
        print(json.dumps(report.document(), indent=2, ensure_ascii=False))
    else:
        _print_all(report.lines())
    sys.stdout.flush()
    if messages:
        messages.about(report)
    if report.bad:
        raise PinionError(report.summary())
    return 0


def _refuse_unused(args: argparse.Namespace) -> None:
    """Refuse flags without an effect on what is shown."""
    if args.deployed is not None:
        unused = ["mlflow_tracking_uri"] if args.mlflow_tracking_uri else []
        where = "with"
    else:
        unused = [each for each in _OF_DEPLOYED if getattr(args, each)]
        where = "without"
    if unused:
        flags = ", ".join(f"--{each.replace('_', '-')}" for each in unused)
        raise UsageError(f"{flags}: no effect {where} --deployed; leave it out")


def _print_all(lines: Iterable[tuple[str, str]]) -> None:
    found = list(lines)
    width = max(len(label) for label, _ in found) + 2
    for label, text in found:
        _print(label, text, width)


def _print(label: str, text: str, width: int) -> None:
    print(
        textwrap.fill(
            text,
            width=_WIDTH,
            initial_indent=f"{label:<{width}}",
            subsequent_indent=" " * width,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.show", main))
