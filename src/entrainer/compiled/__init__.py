"""Training a group of networks as one compiled program."""
