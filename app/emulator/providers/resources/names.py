"""Names that the files of this provider share."""

NAMESPACE = "Microsoft.Resources"
GROUP_TYPE = "Microsoft.Resources/resourceGroups"
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
