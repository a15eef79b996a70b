"""Find the cluster: from the flag, the environment variable, or else kubectl's context."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipelines.system.errors import UsageError

# The namespace in which Kubeflow installs KFP.
KUBEFLOW = "kubeflow"
PORT_FORWARD = f"kubectl port-forward -n {KUBEFLOW} svc/ml-pipeline-ui 8080:80"
_PROXY = f"api/v1/namespaces/{KUBEFLOW}/services/ml-pipeline:http/proxy"
_SETTING = "KFP_ENDPOINT"


@dataclass(frozen=True)
class Endpoint:
    """The address of KFP's API.

    `configuration` belongs to KFP's generated client and holds the credentials of kubectl's
    context. `dashboard` is empty if the API is reached through the Kubernetes API server, which
    does not serve the dashboard's pages.
    """

    address: str
    dashboard: str
    configuration: Any
    namespace: str = ""

    @property
    def local(self) -> bool:
        """Whether the address is on this machine, such as that of a port-forward."""
        return urlsplit(self.address).hostname in ("localhost", "127.0.0.1", "::1")

    def page(self, path: str) -> str:
        """Return the address of a dashboard page, or how to get there."""
        if self.dashboard:
            return f"{self.dashboard}/#/{path}"
        return f"http://localhost:8080/#/{path} after: {PORT_FORWARD}"


def find_endpoint(given: str | None) -> Endpoint:
    """Return the cluster's endpoint.

    Raises `UsageError` if the address is not valid, or if there is none.
    """
    from kfp_server_api import Configuration
    from requests.utils import get_environ_proxies, select_proxy

    configuration = Configuration()
    if text := given or os.environ.get(_SETTING):
        address = _address(text, "--endpoint" if given else _SETTING)
        configuration.host = address
        # The files of trusted authorities, and the proxies, that other programs use.
        authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
        configuration.ssl_ca_cert = authorities
        configuration.proxy = select_proxy(address, get_environ_proxies(address))
        return Endpoint(address, address, configuration)
    namespace = _load_context(configuration)
    address = f"{configuration.host.rstrip('/')}/{_PROXY}"
    _keep_host(configuration, address)
    return Endpoint(address, "", configuration, namespace)


def _address(text: str, where: str) -> str:
    """Return the address without the dashboard's path; assume TLS unless it is on this machine."""
    bare = text.strip().partition("#")[0]
    if "://" not in bare:
        local = bare.startswith(("localhost", "127.", "[::1]"))
        bare = f"{'http' if local else 'https'}://{bare}"
    try:
        parts = urlsplit(bare)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or " " in bare:
        raise UsageError(
            f"{where} {text!r} is not an address; give one such as http://localhost:8080"
        )
    if parts.username or parts.password:
        raise UsageError(
            f"{where} contains a user or password, which logs would show; give --user, and the"
            " password in KFP_PASSWORD or at the prompt"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _keep_host(configuration: Any, address: str) -> None:
    """Keep our address: Kubernetes' library sets its own host whenever it renews a token."""
    renew = configuration.refresh_api_key_hook

    def refresh(each: Any) -> None:
        if renew is not None:
            renew(each)
        each.host = address

    configuration.refresh_api_key_hook = refresh
    configuration.host = address


def _load_context(configuration: Any) -> str:
    """Configure the client as kubectl would; return the namespace of the context, or ""."""
    from kubernetes.config import ConfigException, list_kube_config_contexts, load_kube_config
    from yaml import YAMLError

    file = os.environ.get("KUBECONFIG")
    try:
        load_kube_config(file, client_configuration=configuration)
        _, active = list_kube_config_contexts(file)
    # The library assumes that the file holds what kubectl writes there.
    except (ConfigException, YAMLError, OSError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"no cluster is configured: give --endpoint or {_SETTING}, such as"
            f" http://localhost:8080 while `{PORT_FORWARD}` runs, or choose a context with"
            f" kubectl config use-context ({error})"
        ) from error
    return str(active["context"].get("namespace") or "")
