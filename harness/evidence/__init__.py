"""The spine: asks every arm the same locked questions and keeps what it answers."""
