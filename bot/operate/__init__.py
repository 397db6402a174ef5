"""What the operator's commands do: one module each, which imports only what its command needs."""
