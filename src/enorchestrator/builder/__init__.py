"""The builder: trains, evaluates and registers new versions, in a store aside."""
