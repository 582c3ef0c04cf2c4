"""Everything that is said to an Argilla server, and the only importer of its SDK.

Works on any Argilla 2.x over its REST interface. Nothing of Argilla's or httpx' own errors leaves this folder.
"""
