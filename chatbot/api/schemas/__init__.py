"""The bodies that come in and go out, as pydantic models, a file for each area of the API.

Bodies are strict: no field that is not here, no number for a text. Rows become models only here.
OpenAPI is made from them.
"""
