"""Hold a container's command to what KFP's driver and launcher do with it.

The rules are those of KFP 2.17, in its `backend/src/v2/driver` and `component`:

- The driver resolves a command from the inputs of the compiled task. A component's defaults do not
  count, because only the launcher applies them later (`resolveContainerArgs`).
- It decides `isPresent` by parameters alone, and reads nothing but texts behind it
  (`resolveCondition`). It leaves an argument with an output to the launcher, which decides nothing.
- Neither joins a `concat`, nor replaces placeholders in environment variables.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from pipelines.compiled import placeholders

_OUTPUT = "$.outputs"


@dataclass(frozen=True)
class Inputs:
    """The inputs that a graph or a task gets; `absent` are parameters that were not given."""

    parameters: Set[str]
    artifacts: Set[str]
    absent: Set[str] = frozenset()


def unfilled(name: str, has_default: bool) -> str:
    """Say that a parameter has no value, which a component's default may hide here."""
    if has_default:
        return (
            f"gets no value for its parameter {name!r}, and KFP does not use the component's"
            " default; set it in the pipeline, or compile the file again with this version of"
            " pipelines.compile, which writes defaults into it"
        )
    return (
        f"gets no value for its parameter {name!r}; set it in the pipeline, or put its argument"
        " behind isPresent in component.yaml"
    )


@dataclass(frozen=True)
class Arguments:
    """What a step runs, with the inputs that its task gives it."""

    declared: Any
    inputs: Inputs

    def reasons(self, container: Any) -> Iterator[str]:
        """Yield, in words, everything that KFP would not do as this runner does it."""
        seen = set()
        resources = container.resources
        limits = (resources.resource_memory_limit, resources.resource_cpu_limit)
        for reason in (
            *(each for text in (*container.command, *container.args) for each in self._of(text)),
            *(each for text in limits for each in self._texts([text], False)),
            *(each for variable in container.env for each in _environment(variable)),
        ):
            if reason not in seen:
                seen.add(reason)
                yield reason

    def _of(self, argument: str) -> Iterator[str]:
        by_launcher = _OUTPUT in argument
        match placeholders.structure(argument):
            case str(text):
                yield from self._texts([text], by_launcher)
            case {"IfPresent": _} if by_launcher:
                yield (
                    f"has the argument {argument}, and KFP does not decide isPresent for an output;"
                    " give the output an argument of its own"
                )
            case {"IfPresent": condition}:
                yield from self._condition(argument, condition)
            case _:
                yield (
                    f"has the argument {argument}, and KFP does not join a concat; pass one text,"
                    " such as --rate={{$.inputs.parameters['rate']}}"
                )

    def _condition(self, argument: str, condition: Mapping[str, Any]) -> Iterator[str]:
        name = condition["InputName"]
        if name in self.inputs.artifacts:
            yield (
                f"gets the artifact {name!r} behind isPresent, and KFP finds only parameters there"
                " and would leave the argument out; make the input required, or leave it out"
            )
            return
        taken = condition.get("Then" if name in self.inputs.parameters else "Else", [])
        texts = [taken] if isinstance(taken, str) else taken
        if isinstance(texts, list) and all(isinstance(each, str) for each in texts):
            yield from self._texts(texts, False)
        else:
            yield f"has the argument {argument}, and KFP takes only texts behind isPresent"

    def _texts(self, texts: list[str], by_launcher: bool) -> Iterator[str]:
        for found in (each for text in texts for each in placeholders.found(text)):
            match found.lastgroup:
                case "input_parameter":
                    yield from self._parameter(found["input_parameter"], by_launcher)
                case "input_artifact" if found["input_artifact"] not in self.inputs.artifacts:
                    yield (
                        f"is not given its artifact {found['input_artifact']!r}, and KFP would pass"
                        " the placeholder itself; put its argument behind isPresent"
                    )
                case "run":
                    yield (
                        f"has {found[0]} in its command, and KFP does not replace it there; pass it"
                        " as the value of a parameter"
                    )
                case "output_file":
                    yield (
                        f"has {found[0]} in its command, and KFP does not replace it; pass"
                        " {{$}}, a message that names that file"
                    )

    def _parameter(self, name: str, by_launcher: bool) -> Iterator[str]:
        declared = self.declared.parameters
        has_default = name in declared and declared[name].HasField("default_value")
        if name not in self.inputs.parameters and not (by_launcher and has_default):
            yield unfilled(name, has_default)


def _environment(variable: Any) -> Iterator[str]:
    if any(placeholders.found(variable.value)):
        yield (
            f"has a placeholder in its environment variable {variable.name}, and KFP does not"
            " replace it there; pass it as an argument"
        )
