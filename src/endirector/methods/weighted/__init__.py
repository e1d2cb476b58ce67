"""Methods that fit one weight for each member, or one for each member and step or quantile."""
