"""The golden compiled file, from pins that no version bump moves: `python -m tests.make_golden`."""

import sys
from pathlib import Path

from pipelines.components.component import discover
from pipelines.pinning.compiler import Pin, compile_pipeline
from pipelines.system.workspace import ROOT

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"


def compile_golden(output: Path) -> None:
    """Compile the pipeline with an invented version and digest for every component."""
    pins = [
        Pin(
            component.name,
            f"{number}.2.3",
            f"registry.example.com/{component.repository}:{number}.2.3@sha256:{number:064x}",
            component.interface,
            f"s1:{number:064x}",
        )
        for number, component in enumerate(discover(ROOT / "components").values(), 1)
    ]
    output.write_bytes(compile_pipeline("1.2.3", pins))


if __name__ == "__main__":
    compile_golden(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
