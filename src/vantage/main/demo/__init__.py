"""`vantage demo`: an organisation to try everything on, made the way people make one.

It has people of every role, projects with their inventory and some hundreds of leads. It never holds a call, a
transcript or a move that did not happen: those come from the worker, over the carrier's wire.
"""
