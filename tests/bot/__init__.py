"""The entrances: dispatcher, doctor, configuration, command line."""
