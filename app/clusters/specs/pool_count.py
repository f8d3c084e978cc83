"""Who decides about a pool's count: whoever asks, or the cluster's autoscaler."""

from app.clusters.specs.rejections import Rejections

AUTOSCALER_DECIDES = "autoscaler_decides"


def check_count_given(count: int, *, autoscaled: bool, rejections: Rejections) -> None:
    """Note a count that is given for a pool about whose count the autoscaler decides, with the call that is right."""
    if autoscaled:
        rejections.add(AUTOSCALER_DECIDES, "/count", autoscaler_words(count))


def autoscaler_words(count: int) -> str:
    """Why a count is refused, and the call that is right."""
    return (
        "The cluster's autoscaler decides about this pool's count. PATCH /v1/clusters/{id}/node-pools/{pool} changes "
        'its bounds: {"autoscaling": {"min_count": …, "max_count": …}}, or takes the pool over: '
        f'{{"autoscaling": null, "count": {count}}}.'
    )
