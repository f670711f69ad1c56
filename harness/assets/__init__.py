"""What set-up obtains and keeps in the user's cache: pinned wheels, the embedded model."""
