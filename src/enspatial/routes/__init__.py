"""Routes of the web server, registered as entry points; each module has a function that makes a router."""
