"""Texts that people read: gettext catalogues, one folder a locale."""
