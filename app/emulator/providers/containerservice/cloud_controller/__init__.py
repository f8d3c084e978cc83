"""What AKS's cloud controller manager does for Services of type LoadBalancer (kubernetes-sigs/cloud-provider-azure).

Names, order, texts of events and tags are those of that controller, so that what reads them cannot tell the two apart.
It changes Azure by ARM calls of the cluster's own identity, as the real one does: quotas, conflicts, missing rights and
injected faults reach it as answers.
"""

from app.emulator.providers.containerservice.cloud_controller.controller import CloudController

__all__ = ["CloudController"]
