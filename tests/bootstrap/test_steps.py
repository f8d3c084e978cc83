"""Steps of the whole service, which no area's tests see together."""

import sys

from app.bootstrap import WORKFLOWS
from app.engine.steps import CloudStep, RecordStep


def test_each_steps_result_is_of_a_type_that_can_be_stored() -> None:
    """A process makes a step's codec when the step first runs, which would be late to hear of it."""
    steps = [
        step
        for workflow in WORKFLOWS
        for step in vars(sys.modules[workflow.run.__module__]).values()
        if isinstance(step, CloudStep | RecordStep)
    ]
    assert {type(step) for step in steps} == {CloudStep, RecordStep}
    for step in steps:
        step.codec.adapter.rebuild(force=True, raise_errors=True)
