"""The flags that the commands for a cluster share."""

import argparse

from pipelines.kubeflow.endpoint import add_endpoint_flag
from pipelines.kubeflow.platform_file import add_platform_flag
from pipelines.parameters import add_parameter_flags


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    """Which cluster, who asks, and for whom."""
    add_endpoint_flag(parser)
    parser.add_argument(
        "--user",
        metavar="NAME",
        help="log in through Dex; the password comes from KFP_PASSWORD, else it is asked for"
        " (without: KFP_TOKEN or KFP_COOKIE, where the cluster wants one)",
    )
    parser.add_argument(
        "--namespace",
        default="",
        metavar="NAME",
        help="of the user, where Kubeflow has several (default: that of kubectl's context)",
    )


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """What runs are made with."""
    add_parameter_flags(parser)
    add_platform_flag(parser)
    parser.add_argument(
        "--experiment", default="Default", metavar="NAME",
        help="of KFP, which groups runs; made if it is not there (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--service-account",
        default="",
        metavar="NAME",
        help="that the steps run as (default: that of the platform file, else KFP's own)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="run every step, whatever ran before"
    )
