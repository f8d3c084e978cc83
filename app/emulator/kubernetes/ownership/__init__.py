"""Which manager owns which field (kubernetes.io/docs/reference/using-api/server-side-apply).

A field is a path of elements as FieldsV1 writes them: `f:` a field or a map's key, `k:` a list's item by its keys,
`v:` a scalar of a set. What is atomic is owned as a whole.
"""
