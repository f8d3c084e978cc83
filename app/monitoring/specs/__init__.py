"""Pure: what requests mean for Azure, what is seen means for a cluster's monitoring, and the queries of logs."""
