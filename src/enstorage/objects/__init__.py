"""The object store: tables and model objects, each under the SHA-256 of its bytes."""
