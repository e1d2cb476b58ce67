"""Series that are sums of others: made, forecast like the others, and reconciled so that sums agree."""
