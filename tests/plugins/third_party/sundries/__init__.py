"""A package of somebody else that adds one of everything that can be added: one class and one entry point each."""
