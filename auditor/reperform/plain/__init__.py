"""Every verdict a second time: unit by unit and with the standard library alone, apart from the first implementation.

Nothing here knows pandas, pyarrow or pydantic, the frames, the checks, the evaluator or the policy package. Where the
two implementations differ, one of them is wrong.
"""
