"""The fields of the kinds (kubernetes.io/docs/reference/kubernetes-api); the form is told in `schema`.

Kinds that only the cluster itself fills (nodes, pods) list what patches need and are otherwise open.
"""

from app.emulator.kubernetes.schema import Schema

_META = """
ObjectMeta
  name 1 string
  generateName 2 string
  namespace 3 string
  selfLink 4 string
  uid 5 string
  resourceVersion 6 string
  generation 7 int64
  creationTimestamp 8 time
  deletionTimestamp 9 time
  deletionGracePeriodSeconds 10 int64
  labels 11 {}string
  annotations 12 {}string
  ownerReferences 13 []OwnerReference uid
  finalizers 14 []string -
  managedFields 17 []ManagedFieldsEntry
OwnerReference
  kind 1 string
  name 3 string
  uid 4 string
  apiVersion 5 string
  controller 6 bool
  blockOwnerDeletion 7 bool
ManagedFieldsEntry
  manager 1 string
  operation 2 string
  apiVersion 3 string
  time 4 time
  fieldsType 6 string
  fieldsV1 7 any
  subresource 8 string
Condition
  type 1 string
  status 2 string
  observedGeneration 3 int64
  lastTransitionTime 4 time
  reason 5 string
  message 6 string
ObjectReference
  kind 1 string
  namespace 2 string
  name 3 string
  uid 4 string
  apiVersion 5 string
  resourceVersion 6 string
  fieldPath 7 string
LocalObjectReference
  name 1 string
DeleteOptions
  kind 101 string
  apiVersion 102 string
  gracePeriodSeconds 1 int64
  preconditions 2 Preconditions
  orphanDependents 3 bool
  propagationPolicy 4 string
  dryRun 5 []string
  ignoreStoreReadErrorWithClusterBreakingPotential 6 bool
Preconditions
  uid 1 string
  resourceVersion 2 string
"""

# `kind` and `apiVersion` travel in protobuf's envelope, not in the message: numbers past 100 never match.
_CORE = """
Namespace
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  spec 2 NamespaceSpec
  status 3 NamespaceStatus
NamespaceSpec
  finalizers 1 []string
NamespaceStatus
  phase 1 string
  conditions 2 []NamespaceCondition type
NamespaceCondition
  type 1 string
  status 2 string
  lastTransitionTime 4 time
  reason 5 string
  message 6 string
ConfigMap
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  data 2 {}string
  binaryData 3 {}bytes
  immutable 4 bool
Secret
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  data 2 {}bytes
  type 3 string
  stringData 4 {}string
  immutable 5 bool
ServiceAccount
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  secrets 2 []ObjectReference name
  imagePullSecrets 3 []LocalObjectReference name
  automountServiceAccountToken 4 bool
Service
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  spec 2 ServiceSpec
  status 3 ServiceStatus
ServiceSpec
  ports 1 []ServicePort port
  selector 2 {}string
  clusterIP 3 string
  type 4 string
  externalIPs 5 []string
  sessionAffinity 7 string
  loadBalancerIP 8 string
  loadBalancerSourceRanges 9 []string
  externalName 10 string
  externalTrafficPolicy 11 string
  healthCheckNodePort 12 int32
  publishNotReadyAddresses 13 bool
  sessionAffinityConfig 14 SessionAffinityConfig
  ipFamilyPolicy 17 string
  clusterIPs 18 []string
  ipFamilies 19 []string
  allocateLoadBalancerNodePorts 20 bool
  loadBalancerClass 21 string
  internalTrafficPolicy 22 string
  trafficDistribution 23 string
ServicePort
  name 1 string
  protocol 2 string
  port 3 int32
  targetPort 4 intstr
  nodePort 5 int32
  appProtocol 6 string
SessionAffinityConfig
  clientIP 1 ClientIPConfig
ClientIPConfig
  timeoutSeconds 1 int32
ServiceStatus
  loadBalancer 1 LoadBalancerStatus
  conditions 2 []Condition type
LoadBalancerStatus
  ingress 1 []LoadBalancerIngress
LoadBalancerIngress
  ip 1 string
  hostname 2 string
  ipMode 3 string
  ports 4 []PortStatus
PortStatus
  port 1 int32
  protocol 2 string
  error 3 string
Node
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  spec 2 NodeSpec
  status 3 NodeStatus
NodeSpec ...
  taints 5 []Taint key
  podCIDRs 7 []string -
Taint
  key 1 string
  value 2 string
  effect 3 string
  timeAdded 4 time
NodeStatus ...
  conditions 4 []NodeCondition type
  addresses 5 []NodeAddress type
NodeCondition ...
  type 1 string
NodeAddress ...
  type 1 string
Pod
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  spec 2 PodSpec
  status 3 PodStatus
PodSpec ...
  containers 2 []Container name
  volumes 1 []Volume name
Container ...
  name 1 string
  image 2 string
Volume ...
  name 1 string
PodStatus ...
  conditions 2 []PodCondition type
PodCondition ...
  type 1 string
Event ...
  metadata 1 ObjectMeta
  firstTimestamp 6 time
  lastTimestamp 7 time
  eventTime 10 time
Lease
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  spec 2 any
"""

_REVIEWS = """
SelfSubjectReview
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  status 2 any
SelfSubjectAccessReview
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  spec 2 SelfSubjectAccessReviewSpec
  status 3 any
SelfSubjectAccessReviewSpec
  resourceAttributes 1 ResourceAttributes
  nonResourceAttributes 2 NonResourceAttributes
ResourceAttributes
  namespace 1 string
  verb 2 string
  group 3 string
  version 4 string
  resource 5 string
  subresource 6 string
  name 7 string
  fieldSelector 8 any
  labelSelector 9 any
NonResourceAttributes
  path 1 string
  verb 2 string
SelfSubjectRulesReview
  kind 101 string
  apiVersion 102 string
  metadata 1 ObjectMeta
  spec 2 SelfSubjectRulesReviewSpec
  status 3 any
SelfSubjectRulesReviewSpec
  namespace 1 string
"""

SCHEMA = Schema(_META + _CORE + _REVIEWS)

# Messages whose protobuf numbers are listed whole; of the open ones a body must come as JSON.
PROTOBUF_KINDS = frozenset(
    {
        "Namespace",
        "ConfigMap",
        "Secret",
        "ServiceAccount",
        "Service",
        "SelfSubjectReview",
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "DeleteOptions",
    }
)
