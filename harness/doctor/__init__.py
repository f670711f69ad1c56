"""What this machine and this installation lack, found in seconds and without loading a library."""
