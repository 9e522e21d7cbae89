"""The report of runs: one HTML file that needs nothing else, or Markdown with its pictures beside it.

`content` says what a report says, without any markup; `pictures` has it drawn; `html` and `markdown` write it out.
"""
