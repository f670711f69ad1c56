"""What an experiment is; knows no method and no format."""
