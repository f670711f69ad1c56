"""What makes a release checkable: an audit of the locked packages, and a list of them."""
