"""Tests of the local Teams service."""
