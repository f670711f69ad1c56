"""Fixtures of the spine's tests."""

from judged_ground import judged_task
from stub_ground import echo_engine, no_torch, own_cache, stub_task, third_party, tiny_task

__all__ = ["echo_engine", "judged_task", "no_torch", "own_cache", "stub_task", "third_party", "tiny_task"]
