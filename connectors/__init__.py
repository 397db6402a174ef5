"""Everything outside: chat platforms, social networks, web pages, charts; of ours they know the core only."""
