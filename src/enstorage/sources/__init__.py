"""Points from elsewhere: files of CSV or line protocol, and columns in memory."""
