"""Readers of web pages."""
