"""Fixtures of the spine's tests."""

from stub_ground import echo_engine, no_torch, own_cache, stub_task, third_party, tiny_task

__all__ = ["echo_engine", "no_torch", "own_cache", "stub_task", "third_party", "tiny_task"]
