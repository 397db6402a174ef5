"""The entrance over HTTP: tracked links, the way to networks, pictures, health."""
