"""Upload a release to a Kubeflow cluster, and schedule its runs: `python -m pipelines.deploy`."""

import argparse
from collections.abc import Sequence

from pipelines.compiled.file import PipelineFile
from pipelines.console.command import (
    add_cluster_flags,
    add_run_flags,
    cluster_flags,
    run_command,
    run_flags,
)
from pipelines.kubeflow.cron import kfp_cron
from pipelines.pinning.compiler import DEV
from pipelines.pinning.releases import frozen
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace

# Flags that apply to runs, and those that apply to uploaded versions.
_OF_RUNS = ("param", "params", "register", "experiment", "service_account")
_OF_VERSIONS = ("platform", "no_cache")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.deploy", description=__doc__)
    parser.add_argument("tag", metavar="TAG", help="release to deploy")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--schedule",
        metavar="CRON",
        help="schedule of one recurring run, with the parameters of this call: five fields as in"
        " crontab, minute hour day month weekday ('0 3 * * 1-5'), or @daily or @every 6h. Times"
        " are in UTC, unless the cluster's administrators chose another time zone. A paused"
        " schedule stays paused",
    )
    what.add_argument(
        "--remove",
        action="store_true",
        help="delete the versions of the release and the schedule that runs one, but no runs",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be done, and change nothing"
    )
    add_run_flags(parser)
    add_cluster_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = build_parser()
    args = parser.parse_args(argv)
    # Imported here, because the client of a cluster takes too long to import for --help.
    from pipelines.kubeflow import readiness, rollout, schedules, session
    from pipelines.kubeflow.retries import tell_about_retries

    file, schedule = _release(args.tag), None
    if args.schedule is None:
        names = (*_OF_RUNS, *_OF_VERSIONS) if args.remove else _OF_RUNS
        unused = [each for each in names if getattr(args, each) != parser.get_default(each)]
        _refuse_unused(unused, args.remove)
        file, _ = session.with_settings(args.platform, not args.no_cache, file)
        readiness.check_images(file)
    else:
        cron = kfp_cron(args.schedule)
        file, parameters, account = session.prepared(run_flags(args), file)
        schedule = schedules.Schedule(file.name, cron, parameters, args.experiment, account)
    api, namespace = session.connect(cluster_flags(args))
    if not args.remove:
        tell_about_retries(api, file)
    deploying = rollout.Deploying(api, namespace, args.tag, args.dry_run)
    lines = deploying.remove(file.name) if args.remove else deploying.deploy(file, schedule)
    for line in lines:
        print(line, flush=True)
    return 0


def _release(tag: str) -> PipelineFile:
    if tag == DEV:
        raise UsageError(
            f"{DEV} is the working tree, and only a release, which never changes, can be deployed;"
            " make a release (python -m pipelines.release TAG), or run the working tree once"
            " (python -m pipelines.submit)"
        )
    workspace = Workspace()
    path = workspace.releases / tag / "pipeline.yaml"
    return PipelineFile.parse(path.relative_to(workspace.root), frozen(workspace, tag).pipeline)


def _refuse_unused(given: Sequence[str], remove: bool) -> None:
    """Refuse flags without an effect, so that nobody believes that a schedule has them."""
    if not given:
        return
    flags = ", ".join(f"--{each.replace('_', '-')}" for each in given)
    if remove:
        raise UsageError(f"{flags}: no effect with --remove; leave it out")
    raise UsageError(
        f"{flags}: no effect without --schedule, because this only uploads the pipeline, and"
        " parameters belong to its runs; to set them for a schedule, add --schedule CRON; for one"
        " run, give them to python -m pipelines.submit, or in the form of the dashboard"
    )


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.deploy", main))
