"""Connectors to the chats where people talk."""
