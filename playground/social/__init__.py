"""The test network: LinkedIn, X and Mastodon over HTTP, with their answers, errors and limits."""
