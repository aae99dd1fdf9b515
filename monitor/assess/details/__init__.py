"""The facts of a study, each with its passage: who, how many, how much, by which definition. Pure.

Nothing is guessed: what the abstract does not state has no value here.
"""
