"""Every verdict a second time, with plain Python; nothing here shares code with judge and tables."""
