"""All calls to an Argilla server, and the only importer of its SDK.

Works on any Argilla 2.x over its REST interface. No error of Argilla's SDK or of httpx leaves this folder.
"""
