"""Which cluster is meant: an address of the call or the environment, else kubectl's context."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipelines.system.errors import UsageError

# Where Kubeflow installs KFP.
KUBEFLOW = "kubeflow"
PORT_FORWARD = f"kubectl port-forward -n {KUBEFLOW} svc/ml-pipeline-ui 8080:80"
_PROXY = f"api/v1/namespaces/{KUBEFLOW}/services/ml-pipeline:http/proxy"
_SETTING = "KFP_ENDPOINT"


@dataclass(frozen=True)
class Endpoint:
    """Where KFP's API is.

    `configuration` is that of KFP's generated client, with what kubectl's context logs in with;
    `dashboard` is empty where the API is reached through Kubernetes' own, which shows no pages.
    """

    address: str
    dashboard: str
    configuration: Any
    namespace: str = ""

    @property
    def local(self) -> bool:
        """Whether it is an address of this machine, as that of a port-forward."""
        return urlsplit(self.address).hostname in ("localhost", "127.0.0.1", "::1")

    def page(self, path: str) -> str:
        """Where the dashboard shows something, or how to get there."""
        if self.dashboard:
            return f"{self.dashboard}/#/{path}"
        return f"http://localhost:8080/#/{path} after: {PORT_FORWARD}"


def find_endpoint(given: str | None) -> Endpoint:
    """The cluster's address; raises `UsageError` for what is none, or where there is none."""
    from kfp_server_api import Configuration

    configuration = Configuration()
    if text := given or os.environ.get(_SETTING):
        address = _address(text, "--endpoint" if given else _SETTING)
        configuration.host = address
        configuration.ssl_ca_cert = _certificates()
        configuration.proxy = _proxy(address)
        return Endpoint(address, address, configuration)
    namespace = _load_context(configuration)
    address = f"{configuration.host.rstrip('/')}/{_PROXY}"
    _keep_host(configuration, address)
    return Endpoint(address, "", configuration, namespace)


def _address(text: str, where: str) -> str:
    """The address without what a browser shows behind it; TLS unless it is on this machine."""
    bare = text.strip().partition("#")[0]
    if "://" not in bare:
        bare = f"{'http' if _loopback(bare) else 'https'}://{bare}"
    try:
        parts = urlsplit(bare)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or " " in bare:
        raise UsageError(f"{where} {text!r} is not an address, as in http://localhost:8080")
    if parts.username or parts.password:
        raise UsageError(
            f"{where} holds a user or password, which would be shown; give --user, and the password"
            " in KFP_PASSWORD or when asked"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _loopback(bare: str) -> bool:
    return bare.startswith(("localhost", "127.", "[::1]"))


def _certificates() -> str | None:
    """Whom to trust, where those who run a machine have said so as they do for other programs."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")


def _proxy(address: str) -> str | None:
    import requests

    found: str | None = requests.utils.select_proxy(
        address, requests.utils.get_environ_proxies(address)
    )
    return found


def _keep_host(configuration: Any, address: str) -> None:
    """Kubernetes' library sets its own host again before each request, when it renews a token."""
    renew = configuration.refresh_api_key_hook

    def refresh(each: Any) -> None:
        if renew is not None:
            renew(each)
        each.host = address

    configuration.refresh_api_key_hook = refresh
    configuration.host = address


def _load_context(configuration: Any) -> str:
    """Fills in what kubectl would use; the namespace of its context, or an empty one."""
    from kubernetes.config import ConfigException, list_kube_config_contexts, load_kube_config
    from yaml import YAMLError

    file = os.environ.get("KUBECONFIG")
    try:
        load_kube_config(file, client_configuration=configuration)
        _, active = list_kube_config_contexts(file)
    # The library takes for granted that the file holds what kubectl would write there.
    except (ConfigException, YAMLError, OSError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"no cluster: give --endpoint or {_SETTING}, as in http://localhost:8080 after"
            f" `{PORT_FORWARD}`, or choose one with kubectl config use-context ({error})"
        ) from error
    return str(active["context"].get("namespace") or "")
