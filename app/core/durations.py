"""How long Azure takes, where nothing else is known: a part of the settings."""

from pydantic import BaseModel, Field, PositiveFloat


class ExpectSettings(BaseModel):
    """Seconds that Azure is expected to take before anything was learnt from finished jobs.

    The defaults are what real Azure took when it was recorded.
    """

    cluster_create: PositiveFloat = Field(300, description="A new cluster.")
    cluster_update: PositiveFloat = Field(90, description="A change of tags.")
    cluster_delete: PositiveFloat = Field(400, description="Removal of a cluster.")
    cluster_upgrade: PositiveFloat = Field(300, description="Upgrade of the control plane or one pool.")
    cluster_start: PositiveFloat = Field(180, description="Start of a stopped cluster.")
    cluster_stop: PositiveFloat = Field(180, description="Stop of a cluster.")
    cluster_rest: PositiveFloat = Field(900, description="How long a stopped cluster rests before it is started.")
    cluster_abort: PositiveFloat = Field(30, description="The end of an operation that was aborted.")
    certificates_rotate: PositiveFloat = Field(1200, description="New certificates for a cluster.")
    command_run: PositiveFloat = Field(20, description="A command in a cluster.")
    cluster_sync: PositiveFloat = Field(2, description="Comparing a cluster with Azure.")
    pool_create: PositiveFloat = Field(190, description="A new node pool.")
    pool_update: PositiveFloat = Field(60, description="A change of a node pool that keeps its nodes.")
    pool_scale: PositiveFloat = Field(215, description="Scaling of one pool.")
    pool_delete: PositiveFloat = Field(17, description="Removal of a node pool.")
    pool_start: PositiveFloat = Field(120, description="Start of a stopped node pool.")
    pool_stop: PositiveFloat = Field(120, description="Stop of a node pool.")
    pool_rotate: PositiveFloat = Field(600, description="A node pool in the place of another.")
    machines_delete: PositiveFloat = Field(120, description="Removal of single machines of a pool.")
    resource_group_create: PositiveFloat = Field(2, description="A new resource group.")
    resource_group_delete: PositiveFloat = Field(60, description="Removal of a resource group.")
    public_ip_create: PositiveFloat = Field(3, description="A new public address.")
    public_ip_delete: PositiveFloat = Field(12, description="Removal of a public address.")
    exposure_create: PositiveFloat = Field(30, description="An address for a Service.")
    exposure_update: PositiveFloat = Field(20, description="A change of a Service with an address.")
    exposure_delete: PositiveFloat = Field(30, description="Removal of a Service with all that Azure made for it.")
    monitoring_enable: PositiveFloat = Field(300, description="Monitoring of a cluster, until the first data.")
    monitoring_disable: PositiveFloat = Field(90, description="The end of a cluster's monitoring.")
    volume_create: PositiveFloat = Field(15, description="A share bound into a namespace.")
    volume_delete: PositiveFloat = Field(15, description="Removal of a volume.")
    storage_class_create: PositiveFloat = Field(5, description="A storage class.")
    storage_class_delete: PositiveFloat = Field(5, description="Removal of a storage class.")
    storage_account_create: PositiveFloat = Field(25, description="A new storage account.")
    storage_account_delete: PositiveFloat = Field(5, description="Removal of a storage account.")
    share_create: PositiveFloat = Field(30, description="A new share, with a new storage account.")
    share_update: PositiveFloat = Field(3, description="A change of a share, its removal, a snapshot.")
    workspace_delete: PositiveFloat = Field(5, description="Removal of a Log Analytics workspace.")
    provider_register: PositiveFloat = Field(60, description="Registration of a resource provider.")
    key_rotate: PositiveFloat = Field(15, description="Rotation of a storage account's key.")
    key_repair: PositiveFloat = Field(5, description="Repair of Secrets whose key is stale.")
