"""Blind comparisons by people, two pictures at a time: what is asked, how answers come in, and what they say."""
