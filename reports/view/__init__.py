"""The view: a `Run` turned into plain values that every format draws from."""
