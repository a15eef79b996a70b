from pipelines.kubeflow.following.logs import fatal, own_error, own_lines
from pipelines.kubeflow.kfp_answers_testing import logs

DRIVER, STEP = logs()["training-827hp-817876385"], logs()["training-c2zvz-352712250"]


def test_a_step_printed_what_the_launcher_and_argo_did_not() -> None:
    log = (
        "I1130 16:35:07.100000      15 main.go:139] Setting log level to: '1'\n"
        "train: 7 rows\n"
        'I1130 16:35:08.200000      15 launcher_v2.go:451] input ExecutorInput:{\n  "a": {}\n}\n'
        "{\n}\n"
        "I am not a line of the launcher\n"
        'time=2026-11-30T16:35:47.567Z level=INFO msg="sub-process exited" argo=true error=<nil>\n'
    )
    assert own_lines(log) == ["train: 7 rows", "{", "}", "I am not a line of the launcher"]


def test_a_document_that_does_not_end_hides_nothing_behind_the_next_line() -> None:
    log = (
        "I1130 16:35:08.200000      15 main.go:396] input {\n"
        "I1130 16:35:08.300000      15 main.go:556] done\n"
        "train: 7 rows\n"
    )
    assert own_lines(log) == ["train: 7 rows"]


def test_the_error_of_a_step_has_no_prefix() -> None:
    assert own_error(STEP).startswith("--target: 'nothere' is not a column; the columns are")
    assert own_error(logs()["training-5l8v2-2477190426"]) == ""


def test_the_last_fatal_line_is_the_reason_of_a_driver() -> None:
    assert fatal(DRIVER).endswith('parameter "cv_folds" not found in executor input')
    assert fatal(DRIVER).startswith("KFP driver: driver.Container(pipelineName=training,")
    assert fatal("Failed, but not by KFP\n") == ""
