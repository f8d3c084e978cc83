"""All invariants (RELIABILITY §1.1), each a function of the evidence that returns what violates it."""

from collections.abc import Callable, Sequence

from tests.soak.evidence import Evidence
from tests.soak.invariants import azure, data, jobs, storage

INVARIANTS: Sequence[Callable[[Evidence], list[str]]] = (
    jobs.accepted_jobs_end,
    jobs.states_follow_the_graph,
    jobs.engine_agrees,
    jobs.keys_settle,
    jobs.canceled_means_canceled,
    jobs.clusters_take_turns,
    jobs.old_epochs_are_silent,
    azure.created_once,
    azure.nothing_is_left,
    azure.strangers_are_untouched,
    azure.succeeded_means_done,
    azure.access_is_as_wanted,
    azure.azure_is_not_pressed,
    azure.turns_are_kept,
    data.rows_are_sound,
    data.acknowledged_is_there,
    data.versions_rise,
    data.facts_come_together,
    data.names_are_freed_once,
    data.exposures_go_with_their_clusters,
    data.feed_is_complete,
    data.secrets_are_nowhere,
    data.nothing_grows,
    storage.secrets_open_their_accounts,
)


def violations(evidence: Evidence) -> list[str]:
    """What is wrong, by all invariants."""
    return [text for invariant in INVARIANTS for text in invariant(evidence)]
