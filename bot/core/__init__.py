"""Pure rules and frozen data: no clock, no database, no platform."""
